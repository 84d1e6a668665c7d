"""The script of a video: its model, its words, and the file `script.json`."""
