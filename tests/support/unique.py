"""Names that nothing has yet: of namespaces, databases, roles and identities."""

from __future__ import annotations

import secrets

# No letter of hexadecimal digits, and no digit: a name never contains "b1" or "a0", for which tests look.
_LETTERS = "ghjkmnpqrstvwxyz"


def unique(prefix: str) -> str:
    """Return the prefix and ten random letters (40 bits)."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(10))
