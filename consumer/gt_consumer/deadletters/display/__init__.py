"""How gt-dlq shows dead letters: tables, documents, next steps."""
