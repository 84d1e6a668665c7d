"""Voice, word times, music and the mix."""
