"""Removes secrets from every text that leaves a process."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

SHORTEST_SECRET = 8
_SHORT = 300
_SECRET_NAME = re.compile(r"(?i)^\+|pass|pwd|token|key|secret|auth|credential")
"""Names of parameters of an address whose values are secret; `+` begins those that become headers."""
_LONG = 20
"""A part of an address that has so many characters is treated as a key."""


_secrets: list[str] = []
"""The longest first: one may be a part of another."""


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


# The keys of well-known services, which their error messages repeat without any word before them.
_BARE_KEY = re.compile(
    r"""(?x)
    (?<![A-Za-z0-9])(?:
        sk-(?=[A-Za-z0-9_-]{0,64}[0-9])[A-Za-z0-9_-]{20,}+   # OpenAI, Anthropic, Stripe
      | [sr]k_(?:live|test)_[A-Za-z0-9]{16,}+                # Stripe
      | AIza[A-Za-z0-9_-]{30,}+                              # Google
      | gh[oprsu]_[A-Za-z0-9]{30,}+                          # GitHub
      | github_pat_[A-Za-z0-9_]{30,}+
      | glpat-[A-Za-z0-9_-]{20,}+                            # GitLab
      | xox[abeoprs]-[A-Za-z0-9-]{10,}+                      # Slack
      | hf_[A-Za-z0-9]{30,}+                                 # Hugging Face
      | A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])                      # AWS
      | eyJ[A-Za-z0-9_-]{10,300}+\.eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,}+   # JSON web token
    )"""
)

_KEY_WORDS: Final = ("key", "token", "secret", "passw", "authorization")
_KEY_MARKS: Final = (
    *("sk-", "k_live_", "k_test_", "AIza", "ghp_", "gho_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-"),
    *("xox", "hf_", "AKIA", "ASIA", "eyJ"),
)
"""One of these is in every match of `_KEY_VALUE` (in small letters) and of `_BARE_KEY`."""


def hide(secret: str) -> None:
    """Have `redact` remove this secret wherever it occurs; texts under 8 characters are not secrets."""
    forms = {form for form in (secret, unquote(secret), quote(secret, safe="")) if _is_secret(form)}
    _secrets[:] = sorted({*_secrets, *forms}, key=len, reverse=True)
    _redact_short.cache_clear()


def hide_address(url: str) -> None:
    """Have `redact` remove a URL that is a secret as a whole, and those of its parts that look like keys.

    A token may be in any part of it. Parts that are words, such as the name of a channel, are not removed
    from other texts.
    """
    hide(url)
    _, _, rest = url.partition("://")
    for part in re.split(r"[/?&,#]", rest):
        name, _, value = part.rpartition("=")
        user, _, host = value.rpartition("@")
        login, _, password = user.partition(":")
        hide(password)
        if _SECRET_NAME.search(name):
            hide(value)
        for text in (value, login, *host.split(":")):
            if _looks_like_key(unquote(text)):
                hide(text)


def _looks_like_key(text: str) -> bool:
    """Whether a part of a URL may be a key: no host or file, and either long or of mixed characters."""
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+", text):
        return False
    kinds = (r"[a-z]", r"[A-Z]", r"[0-9]")
    return len(text) >= _LONG or sum(bool(re.search(kind, text)) for kind in kinds) >= 2


def names_secret(name: str) -> bool:
    """Whether a value with this name is treated as a secret."""
    return redact(f"{name}=x") != f"{name}=x"


def _is_secret(text: str) -> bool:
    return len(text) >= SHORTEST_SECRET


def redact(text: str) -> str:
    """Remove known secrets, passwords in URLs, values of key-like words and well-known keys from a text."""
    return _redact_short(text) if len(text) <= _SHORT else _redact(text)


def _redact(text: str) -> str:
    for secret in _secrets:
        text = text.replace(secret, "***")
    # Most texts have nothing that a pattern begins with, which is quicker to see than with the pattern.
    if "://" in text:
        text = _URL_PASSWORD.sub(r"\1***@", text)
    if _may_name_key(text):
        text = _KEY_VALUE.sub(r"\1***", text)
    if any(mark in text for mark in _KEY_MARKS):
        text = _BARE_KEY.sub("***", text)
    return text


def _may_name_key(text: str) -> bool:
    """Whether `_KEY_VALUE` may match; beyond ASCII there are letters that it takes for others, such as ſ."""
    if not text.isascii():
        return True
    small = text.lower()
    return any(word in small for word in _KEY_WORDS)


# Most values of log lines are the same again and again.
_redact_short = lru_cache(maxsize=4096)(_redact)
