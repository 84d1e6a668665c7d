"""gt-doctor: check broker, queues, ledger, orchestrator and machine."""
