"""Parts of the chaos suite: the fleet and its faults, boundaries of crashes, the soak, and the accounts."""
