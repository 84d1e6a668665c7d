"""Which provider an error's text comes from; for people, who see `waiting: elevenlabs`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_PROVIDERS: Final = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in (
        ("azure", r"azure|aka\.ms/oai|\bUSP state|\.speech\.microsoft\.com"),
        ("google-tts", r"text-to-speech api|texttospeech"),
        (
            "gemini",
            r"gemini|generativelanguage|ai\.google\.dev|aistudio|\bgenai\b|vertex-ai|E_EXHAUSTED\. \{",
        ),
        ("anthropic", r"anthropic|\bclaude\b|'request_id': 'req_|\"request_id\":\"req_"),
        ("elevenlabs", r"elevenlabs|xi-api-key|too_many_concurrent_requests|exceeds your quota of \d"),
        ("replicate", r"\bReplicateError\b|api\.replicate\.com|rate limit for creating predictions"),
        ("stability", r"stability\.ai|stability[-_ ](?:ai|sdk)"),
        ("openai", r"openai"),
        (
            "reddit",
            r"\bRATELIMIT: |received \d{3} HTTP response|\b(?:async)?praw(?:core)?\b|oauth\.reddit\.com",
        ),
        ("s3", r"when calling the \w{1,60} operation|\bs3://|botocore"),
    )
}
"""In this order: what runs on another's models, or names another's library, comes first."""


_LIBRARIES: Final = {
    **{name: name for name in ("openai", "anthropic", "elevenlabs", "replicate", "azure")},
    **dict.fromkeys(("praw", "prawcore", "asyncpraw", "asyncprawcore"), "reddit"),
    **dict.fromkeys(("botocore", "boto3", "s3transfer"), "s3"),
    "stability_sdk": "stability",
    "google/genai": "gemini",
    "google/generativeai": "gemini",
    "google/cloud/texttospeech": "google-tts",
}
_LIBRARY: Final = re.compile(rf"[/\\\\]site-packages[/\\\\]({'|'.join(_LIBRARIES)})[/\\\\_.]")


def provider_of(texts: Iterable[str], traceback: str = "") -> str | None:
    """Return the provider that a failure speaks of, its first text first; None if none is known.

    Parameters:
        traceback: the library in its last such line counts if the texts name no provider
    """
    for text in texts:
        found = next((name for name, pattern in _PROVIDERS.items() if pattern.search(text)), None)
        if found is not None:
            return found
    libraries = _LIBRARY.findall(traceback)
    return _LIBRARIES[libraries[-1]] if libraries else None
