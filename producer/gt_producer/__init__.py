"""Puts lists of stories into the queue."""
