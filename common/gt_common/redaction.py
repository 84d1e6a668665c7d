"""Secrets are taken out of every text that leaves a process."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

SHORTEST_SECRET = 8


_secrets: set[str] = set()


# Both are linear in the length of the text, which may be anybody's: what one match looks at in vain, no
# later one looks at again.
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
    """Have `redact` take out a secret of this process wherever it stands; under 8 characters it is none."""
    _secrets.update(form for form in {secret, unquote(secret), quote(secret, safe="")} if _is_secret(form))


def names_secret(name: str) -> bool:
    """Tell whether a value of this name would be taken for a secret."""
    return redact(f"{name}=x") != f"{name}=x"


def _is_secret(text: str) -> bool:
    return len(text) >= SHORTEST_SECRET


def redact(text: str) -> str:
    """Take known secrets, passwords of URLs and values of key-like words out of a text."""
    for secret in _secrets:
        text = text.replace(secret, "***")
    return _KEY_VALUE.sub(r"\1***", _URL_PASSWORD.sub(r"\1***@", text))
