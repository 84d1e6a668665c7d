"""Goals of figures, as text: `ratio >= 4`, or `<= 150` for our own number in its unit."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass

from bench.figures import Figure

FORM = re.compile(r"(?P<ratio>ratio )?(?P<sign>>=|<=) (?P<bound>\d+(?:\.\d+)?)")
SIGNS = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Goal:
    """A bound on the ratio, or on our own number."""

    of_ratio: bool
    sign: str
    bound: float

    @classmethod
    def read(cls, text: str) -> Goal:
        """Return the goal of a text.

        Raises:
            ValueError: it has another form
        """
        found = FORM.fullmatch(text)
        if not found:
            raise ValueError(f"not a goal: {text!r}; write 'ratio >= 4', or '<= 150' for our own number")
        return cls(bool(found["ratio"]), found["sign"], float(found["bound"]))

    def reached(self, figure: Figure) -> bool | None:
        """Whether a figure reaches it; None for a goal of the ratio without anything beside."""
        value = figure.ratio if self.of_ratio else figure.ours
        return None if value is None else bool(SIGNS[self.sign](value, self.bound))
