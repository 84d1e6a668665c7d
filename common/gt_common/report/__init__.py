"""The report of a batch and its forms: table, JSON, CSV, Markdown, HTML."""
