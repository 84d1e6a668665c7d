"""Words of themes that creators avoid, mostly because platforms restrict such videos."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gt_common.errors import UsageError

# A star at the end matches any further letters. Advertiser-friendly content guidelines of the large video
# platforms list these themes: self-harm, sexual violence, harm to children, drugs, atrocities.
BUILT_IN: Final = (
    "anorexi*",
    "bulimi*",
    "child abuse",
    "child porn*",
    "drug overdose*",
    "genocide",
    "groomed me",
    "incest*",
    "kill himself",
    "kill herself",
    "kill myself",
    "kill themselves",
    "killed herself",
    "killed himself",
    "lynch*",
    "molest*",
    "overdosed",
    "paedophil*",
    "pedophil*",
    "porn*",
    "raped",
    "rape",
    "rapes",
    "rapist*",
    "school shooting*",
    "self harm*",
    "sexual abuse",
    "sexual assault*",
    "sexually abus*",
    "sexually assault*",
    "stillbirth",
    "stillborn",
    "suicid*",
)
MAX_BYTES = 1_000_000


class Blocklist:
    """Finds blocked words in a text.

    Parameters:
        words: words or phrases, in any case; a star at the end matches any further letters, and a space
            matches a hyphen, too
    """

    def __init__(self, words: Iterable[str]) -> None:
        patterns = [_pattern(word) for word in words]
        joined = "|".join(sorted(patterns, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<!\w)(?:{joined})(?!\w)", re.IGNORECASE) if patterns else None

    def find(self, text: str) -> str | None:
        """Return the first blocked word of a text, spelled as it is there."""
        match = self._pattern.search(text) if self._pattern else None
        return match.group() if match else None


def make_blocklist(file: Path | None, *, built_in: bool) -> Blocklist:
    """Build a blocklist from the built-in words, if wanted, and from a file.

    Raises:
        UsageError: the file cannot be read
    """
    words = list(BUILT_IN) if built_in else []
    return Blocklist(words + (read_words(file) if file else []))


def read_words(file: Path) -> list[str]:
    """Read words or phrases, one per line; blank lines and lines that start with `#` are ignored.

    Raises:
        UsageError: it cannot be read
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UsageError(f"--block-words: {file} is larger than {MAX_BYTES // 1_000_000} MB")
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"--block-words: {file} is not a UTF-8 text file") from None
    except OSError as error:
        raise UsageError(f"--block-words: {file} cannot be read: {error.strerror}") from None
    words = [line.strip() for line in lines]
    return [word for word in words if word.strip("* ") and not word.startswith("#")]


def _pattern(word: str) -> str:
    stem = word.strip().rstrip("*").strip()
    escaped = r"[\s-]+".join(re.escape(part) for part in re.split(r"[\s-]+", stem) if part)
    return escaped + (r"\w*" if word.strip().endswith("*") else "")
