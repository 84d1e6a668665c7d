"""gt-doctor --try: run one story through an orchestrator, disturb it, and say which promises it keeps."""
