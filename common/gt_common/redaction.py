"""Removes secrets from every text that leaves a process."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

SHORTEST_SECRET = 8


_secrets: set[str] = set()


# Both run in linear time, since the text may come from anywhere: no failed match makes a later one scan the
# same characters again.
_URL_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s/]+@")


_KEY_VALUE = re.compile(
    r"""(?isx)
    ((?:api[_-]?key|token|secret|passw(?:or)?d|authorization|[?&](?:amp;)?key(?==))
        \\{0,3}["']?\s*[:=]\s*
        (?:[\[(]\s*)?
        (?:[bfru]{1,2}(?=["']))?
        (?:\\{0,3}["'])?+)
    (?: # Quoted within a quoted text: up to the next such quote, or to the end of the line.
        (?<=\\["'])(?!\\{0,3}["'])(?:[^"']+?(?=\\{1,3}["'])|[^\n]+)
      | # Quoted: up to the closing quote, or to the end of the line if the text was cut before it.
        (?<=")(?<!\\")(?!")(?:(?:[^"\\]|\\.)++(?=")|[^\n]+)
      | (?<=')(?<!\\')(?!')(?:(?:[^'\\]|\\.)++(?=')|[^\n]+)
      | (?<!["'])(?:
            digest\s+(?=\w{1,40}=)[^\n]+
          | (?:(?:bearer|basic|token|digest|negotiate|apikey)\s+["']?)?[^\s"',;&]+))
    """
)


def hide(secret: str) -> None:
    """Have `redact` remove this secret wherever it occurs; texts under 8 characters are not secrets."""
    _secrets.update(form for form in {secret, unquote(secret), quote(secret, safe="")} if _is_secret(form))


def names_secret(name: str) -> bool:
    """Whether a value with this name is treated as a secret."""
    return redact(f"{name}=x") != f"{name}=x"


def _is_secret(text: str) -> bool:
    return len(text) >= SHORTEST_SECRET


def redact(text: str) -> str:
    """Remove known secrets, passwords in URLs and the values of key-like words from a text."""
    for secret in _secrets:
        text = text.replace(secret, "***")
    return _KEY_VALUE.sub(r"\1***", _URL_PASSWORD.sub(r"\1***@", text))
