"""Queries: batches, dead letters, known stories and earlier videos."""
