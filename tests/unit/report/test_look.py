"""The colours of the report's page and the dashboard: enough contrast for small texts (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gt_common.report

LOOK = (Path(gt_common.report.__file__).parent / "templates" / "look.css").read_text()
ENOUGH = 4.5
SCHEMES = {
    name: dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
    for name, block in zip(("light", "dark"), re.findall(r":root \{([^}]*)\}", LOOK), strict=False)
}
TEXTS = [
    *((text, ground) for text in ("ink", "soft", "link", "failed") for ground in ("page", "card")),
    *(("on", pill) for pill in ("success", "failed", "running", "retrying", "cancelled")),
    ("ink", "queued"),
]


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_texts_can_be_read(scheme: str, text: str, ground: str) -> None:
    first, second = sorted(luminance(SCHEMES[scheme][name]) for name in (text, ground))
    assert (second + 0.05) / (first + 0.05) >= ENOUGH
