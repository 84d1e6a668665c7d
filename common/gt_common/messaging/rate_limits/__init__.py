"""Rate limits that a whole fleet shares through the broker; see docs/rate-limits.md."""
