"""Questions to the ledger: batches, dead letters, stories that are known or made."""
