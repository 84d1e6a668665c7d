"""What operators do on the pages: preview, confirmation, and the work of the commands."""
