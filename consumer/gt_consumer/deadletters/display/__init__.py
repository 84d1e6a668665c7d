"""How gt-dlq shows dead letters: tables, JSON documents, and the steps of a command."""
