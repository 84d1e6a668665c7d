"""The pages: what each shows, read from the ledger and the broker."""
