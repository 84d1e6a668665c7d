"""One attempt of one story: run it in a child, keep its time limit, conclude how it ended."""
