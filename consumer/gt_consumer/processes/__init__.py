"""Child processes: groups, their guard, the line protocol, and what they print."""
