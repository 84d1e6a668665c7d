"""Parts of benchmarks/worker.py: the workers that it compares, and how they are watched."""
