"""Removes old batches from the ledger, in steps that hold nobody up, and keeps a tombstone of each."""
