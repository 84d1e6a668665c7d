"""gt-report: show one batch, or the list of batches."""
