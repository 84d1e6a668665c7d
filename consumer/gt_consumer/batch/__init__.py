"""gt-batch and `BatchProcessor`: batches on one machine, without a broker."""
