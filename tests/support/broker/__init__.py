"""A real broker for the tests: fixtures, private nodes, users of each role, a TCP proxy."""
