"""Runs the benchmarks of this folder, keeps their figures, and writes docs/performance.md."""
