"""gt-batch and BatchProcessor: the same work on one machine, without a broker."""
