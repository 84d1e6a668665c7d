"""What users plug in: how an orchestrator is named, loaded, called, and how it talks to the worker."""
