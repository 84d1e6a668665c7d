"""One attempt of one story: run it, enforce its time limit, store what it made."""
