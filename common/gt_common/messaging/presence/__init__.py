"""Signs of life of the workers: what each runs now, for operators."""
