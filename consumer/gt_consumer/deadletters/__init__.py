"""gt-dlq: list, show, replay, discard and restore dead letters."""
