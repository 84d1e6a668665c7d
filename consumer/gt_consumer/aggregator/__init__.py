"""gt-aggregate: write result events to the ledger."""
