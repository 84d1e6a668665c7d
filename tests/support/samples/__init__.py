"""Sample data: events, dead letters, batches and reports."""
