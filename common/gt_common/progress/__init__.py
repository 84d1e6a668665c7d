"""The progress display: live on a terminal, lines elsewhere."""
