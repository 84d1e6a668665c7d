"""Notices of operators to all workers: what is cancelled, and what is paused."""
