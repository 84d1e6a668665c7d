"""From a story's text to a script: reading, normalising, people, dialogue, mood."""
