"""Orchestrators for the tests, named in options as `support.orchestrators.<module>:<name>`."""
