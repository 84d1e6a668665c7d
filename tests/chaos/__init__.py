"""The chaos suite: a fleet of real processes, faults at random and at every boundary, and a strict count."""
