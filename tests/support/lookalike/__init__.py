"""Pipelines of other makers, as far as adapters use them; the folder is put on the path of tests."""
