"""Refuses stories in another language than English, which an English voice would read."""

from __future__ import annotations

import re
from typing import Final

from gt_common.errors import PermanentError
from gt_consumer.studio.text.letters import LAST_LATIN

_ENGLISH: Final = frozenset(
    """
    the a an and or but so of to in on at for with from by i me my he him his she her it its we us our
    they them their you your is was are were be been am do did does don't didn't not no have had has that
    this there who what when where how why if because as all one out up said just then would could can
    will get got go went about""".split()
)
_ENOUGH, _TOO_FEW, _JUDGED = 0.28, 0.16, 4000
_NAMES: Final = dict(
    pair.split("=")
    for pair in """
    es=Spanish fr=French de=German it=Italian pt=Portuguese nl=Dutch pl=Polish ru=Russian
    uk=Ukrainian tr=Turkish ar=Arabic fa=Persian he=Hebrew hi=Hindi bn=Bengali ur=Urdu zh=Chinese
    ja=Japanese ko=Korean vi=Vietnamese id=Indonesian ms=Malay tl=Tagalog sv=Swedish no=Norwegian
    nb=Norwegian nn=Norwegian da=Danish fi=Finnish cs=Czech sk=Slovak hu=Hungarian ro=Romanian
    bg=Bulgarian el=Greek hr=Croatian sr=Serbian ca=Catalan th=Thai ta=Tamil te=Telugu mr=Marathi
    sw=Swahili lt=Lithuanian lv=Latvian et=Estonian sl=Slovenian""".split()
)


def is_other_script(text: str) -> bool:
    """Whether most letters of a text are not Latin ones."""
    letters = [c for c in text[:_JUDGED] if c.isalpha()]
    return sum(ord(c) > LAST_LATIN for c in letters) > len(letters) / 2


def check_language(text: str) -> None:
    """Check that a story is in English, by its commonest words; only a doubt loads a detector.

    Raises:
        PermanentError: it is in another language
    """
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text[:_JUDGED].lower().replace("’", "'"))
    share = sum(word in _ENGLISH for word in words) / max(1, len(words))
    if share >= _ENOUGH:
        return
    import py3langid

    code = str(py3langid.classify(text[:_JUDGED])[0])
    if code != "en" and (share < _TOO_FEW or len(words) > 30):
        raise PermanentError(
            f"the story is in {_NAMES.get(code, 'another language')}; the studio tells stories in "
            f"English only"
        )
