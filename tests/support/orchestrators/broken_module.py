"""Fails while it is imported, over several lines and with prints."""

print('{"child": "idle"}')
raise OSError("no licence\nfor this machine")
