"""Stand-ins for the broker and the ledger: publishers, deliveries and runners in memory."""
