"""gt-prune: forget old batches and what they left on this machine."""
