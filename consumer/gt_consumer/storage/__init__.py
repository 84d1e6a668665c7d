"""What is kept on disk: finished videos with their notes, checkpoints, working folders, leftovers."""
