"""What the people of a story look like: each has a figure, which is the same in every panel.

The figures are DiceBear's "Lorelei" by Lisa Wischofsky (CC0 1.0). Its parts are not labelled by sex or age;
the tables here are.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

from gt_consumer.studio.errors import StudioError
from gt_consumer.studio.script.model import Member

if TYPE_CHECKING:
    import skia
    from dicebear import Style

_T = TypeVar("_T")
UNITS = 980  # width and height of a figure's picture; the positions below are in it
CHIN, FACE_TOP, FACE_LEFT, FACE_RIGHT = 782, 330, 300, 770
EYES_BOX, MOUTH_BOX = (300, 405, 790, 575), (400, 590, 790, 765)
_HAIR = {
    ("f", "child"): (26, 36, 23, 48, 13),
    ("m", "child"): (6, 11, 43, 20),
    ("f", "adult"): (15, 21, 24, 35, 13, 23, 31, 42, 18, 16, 19, 48, 32, 46, 33),
    ("f", "elder"): (14, 37, 19, 29, 38, 32, 18),
    ("f", "old"): (38, 14, 29, 37),
    ("m", "adult"): (4, 3, 12, 22, 8, 2, 39, 7, 9, 11, 43, 5, 6),
    ("m", "elder"): (47, 28, 1, 25, 8, 12),
    ("m", "old"): (25, 28),
}
_HAIR_COLOURS = ("#2a1a3e", "#5b2f1c", "#8f4a24", "#c88a3a", "#1d2a44", "#a23b2a", "#3a2417")
_GREY = ("#8c8f9e", "#b9bcc8", "#d9dbe3")
_SKINS = ("#f3cba6", "#eab98f", "#d79a6b", "#b97a4c", "#f7d6bb", "#8d5a3a")
_CLOTHES = ("#c8375c", "#2f6fb5", "#2e9a79", "#e0862c", "#7a4bb0", "#3c4a66", "#d2588f", "#4d8f3a")
_PATTERNS = ("cardigan", "stripes", "hoodie", "plain")
_GREYING = 45  # years from which hair may be grey
_FAMILY = re.compile(r"mother|father|sister|brother|son$|daughter|cousin|aunt|uncle|niece|nephew")
_BROWS_EYES_MOUTH = {
    "neutral": (9, 4, "happy14"),
    "happy": (9, 19, "happy05"),
    "worried": (1, 4, "sad06"),
    "sad": (1, 24, "sad04"),
    "angry": (13, 10, "sad05"),
    "shout": (13, 10, "sad01"),
    "shock": (5, 16, "sad01"),
    "smug": (12, 8, "happy15"),
    "serious": (10, 4, "sad09"),
}
_OPEN_MOUTH = {
    "neutral": "happy18",
    "happy": "happy06",
    "worried": "sad07",
    "sad": "sad01",
    "angry": "sad01",
    "shout": "sad01",
    "shock": "sad02",
    "smug": "happy18",
    "serious": "happy18",
}
_CLOSED_MOUTH = {"shout": "sad06", "shock": "sad02", "happy": "happy01", "worried": "sad04"}
_BLINK = 1


@dataclass(frozen=True)
class Look:
    """How a person looks in every mood; the numbers are variants of Lorelei's parts, 0 for none."""

    hair: int
    hair_colour: str
    skin: str
    clothes: str
    head: int
    nose: int
    glasses: int = 0
    beard: int = 0
    suit: bool = False
    pattern: str = "plain"
    age: str = "adult"

    @property
    def height(self) -> float:
        """Return the size of the figure as a part of a grown-up's."""
        return 0.78 if self.age == "child" else 1.0


def _beard(sex: str, age: str, rng: _Random) -> int:
    share = {"adult": 0.2, "elder": 0.35, "old": 0.5}.get(age, 0.0) if sex == "m" else 0.0
    return rng.pick((1, 2)) if rng.share() < share else 0


def cast_looks(cast: Sequence[Member], seed: int) -> dict[str, Look]:
    """Choose a look for each person; hair and clothes repeat only when the tables are used up."""
    looks: dict[str, Look] = {}
    used_hair: set[tuple[str, int]] = set()
    family_skin = _Random(f"{seed}/family/{len(cast)}").pick(_SKINS)
    for number, person in enumerate(cast):
        key = person.id
        rng = _Random(f"{seed}/{key}")
        sex = "m" if person.sex == "male" else "f"
        age = person.age_group if person.age_group in {"child", "old"} else "adult"
        if age == "adult" and person.years >= _GREYING:
            age = "elder"
        table = _HAIR[sex, age]
        free = [h for h in table if (sex, h) not in used_hair] or list(table)
        hair = rng.pick(free)
        used_hair.add((sex, hair))
        aged = age == "old" or (age == "elder" and rng.share() < 0.5)
        looks[key] = Look(
            hair=hair,
            hair_colour=rng.pick(_GREY) if aged else _HAIR_COLOURS[(number * 2 + seed) % len(_HAIR_COLOURS)],
            skin=family_skin if person.narrates or is_family(person.role) else rng.pick(_SKINS),
            clothes=_CLOTHES[(number + seed) % len(_CLOTHES)],
            head=rng.pick((1, 2)),  # the necks of the others are wider than a collar
            nose=rng.pick((1, 2, 4, 6)),
            glasses=rng.pick((1, 3, 4)) if age in {"elder", "old"} and rng.share() < 0.6 else 0,
            beard=_beard(sex, age, rng),
            pattern=_PATTERNS[(number + seed) % len(_PATTERNS)],
            suit=age == "elder" and sex == "m",
            age=age,
        )
    return looks


def is_family(role: str) -> bool:
    """Whether a person is a blood relation of the narrator and shares the skin colour."""
    return bool(_FAMILY.search(role)) and not role.startswith("step") and not role.endswith("in-law")


class _Random:
    """Random numbers that are the same for a text on every machine and Python version."""

    def __init__(self, text: str) -> None:
        import random

        self._random = random.Random(text)  # noqa: S311 - draws pictures, guards nothing

    def pick(self, of: Sequence[_T]) -> _T:
        return of[int(self._random.random() * len(of))]

    def share(self) -> float:
        return self._random.random()


@functools.lru_cache(maxsize=1)
def _style() -> Style:
    from dicebear import Style

    return Style(json.loads(files("dicebear_styles").joinpath("lorelei.json").read_text("utf-8")))


def _variant(number: int) -> list[str]:
    return [f"variant{number:02d}"]


@functools.lru_cache(maxsize=64)
def _svg(look: Look, mood: str, mouth: str, blink: bool) -> bytes:
    from dicebear import Avatar

    brows, eyes, _ = _BROWS_EYES_MOUTH[mood]
    text = Avatar(
        _style(),
        {
            "seed": "figure",
            "hairVariant": _variant(look.hair),
            "headVariant": _variant(look.head),
            "noseVariant": _variant(look.nose),
            "eyebrowsVariant": _variant(brows),
            "eyesVariant": _variant(_BLINK if blink else eyes),
            "mouthVariant": [mouth],
            "glassesVariant": _variant(look.glasses or 1),
            "glassesProbability": 100 if look.glasses else 0,
            "beardVariant": _variant(look.beard or 1),
            "beardProbability": 100 if look.beard else 0,
            "earringsProbability": 0,
            "frecklesProbability": 0,
            "hairAccessoriesProbability": 0,
            "hairColor": [look.hair_colour],
            "skinColor": [look.skin],
            "eyebrowsColor": ["#1a1026"],
            "mouthColor": ["#9c2430"],
            "eyesColor": ["#140d20"],
            "noseColor": ["#1a1026"],
            "outlineColor": ["#140d20"],
            "glassesColor": ["#2a2236"],
        },
    ).to_string()
    text = re.sub(r"<metadata.*?</metadata>", "", text, flags=re.DOTALL)
    # Skia reads only the older form of references.
    text = re.sub(r'(?<!:)\bhref="', 'xlink:href="', text)
    return text.replace("<svg ", '<svg xmlns:xlink="http://www.w3.org/1999/xlink" ', 1).encode()


def head(
    look: Look, mood: str, *, talking: bool = False, closed: bool = False, blink: bool = False
) -> skia.SVGDOM:
    """Return the head of a figure as a picture of `UNITS` by `UNITS`.

    Parameters:
        talking: with the mouth open, as within a word
        closed: with the mouth closed, as between two words
        blink: with the eyes closed

    Raises:
        StudioError: skia could not read the figure
    """
    import skia

    mouth = _BROWS_EYES_MOUTH[mood][2]
    if talking:
        mouth = _OPEN_MOUTH[mood]
    elif closed:
        mouth = _CLOSED_MOUTH.get(mood, mouth)
    data = _svg(look, mood, mouth, blink)  # kept alive by the cache: the stream does not copy it
    dom = skia.SVGDOM.MakeFromStream(skia.MemoryStream(data))
    if dom is None:
        raise StudioError(
            "skia could not read a figure of dicebear-styles; install gt-consumer[studio] again"
        )
    dom.setContainerSize(skia.Size(UNITS, UNITS))
    return dom
