"""gt-aggregate: take every result event into the ledger, once."""
