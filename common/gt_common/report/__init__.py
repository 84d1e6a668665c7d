"""The report of a batch, and how it is shown: table, JSON, CSV, Markdown, HTML."""
