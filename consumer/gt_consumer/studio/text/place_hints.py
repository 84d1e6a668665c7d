"""Words that let a place be guessed where none is told: who works there, and what stands or lies there."""

from __future__ import annotations

import re
from typing import Final

_SAYS = (
    r"(?:said|told|called|asked|walked|came|announced|handed|smiled|looked|stood|slammed|put|read|held|"
    r"emailed|wanted)"
)
_HINTS: Final = (
    (
        "hospital",
        (
            rf"the hospital (?:called|rang|phoned)|the (?:nurse|surgeon|midwife|paramedics?)|(?:the|my|"
            rf"his|her) doctor {_SAYS}|"
            r"(?:an|the|my|his|her) IV\b|visiting hours|(?:a|the) (?:stretcher|gurney|ultrasound|x-ray|"
            r"anesthetist)|"
            r"(?:my|his|her) (?:chemo|surgery|bedside)|was (?:discharged|admitted)"
        ),
    ),
    (
        "court",
        (
            r"the (?:hearing|trial) (?:was|is|began|started|came)|the (?:judge|bailiff|jury|gavel|"
            r"verdict|plaintiff|defendant|prosecutor)|ruled in (?:my|his|her|our) "
            r"favou?r|testified|was sworn in|cross-examined"
        ),
    ),
    (
        "school",
        (
            rf"(?:the|my|our|her|his) (?:teacher|principal|professor) {_SAYS}|my students? \w+ed|"
            r"(?:at|during|after) recess|in front of (?:the|my|our|his|her) (?:whole |entire )?class|"
            r"the (?:chalk|blackboard|school bell)|the bell rang|(?:my|his|her) homeroom"
        ),
    ),
    (
        "church",
        (
            r"the (?:funeral|ceremony) (?:was|is|began|started|came)|the (?:priest|pastor|officiant|"
            r"minister|vicar|organist|pulpit|coffin|casket|congregation)|"
            r"(?:the|her|his|my|their) (?:eulogy|vows)|the hymns?"
        ),
    ),
    (
        "gym",
        (
            r"(?:my|a|the|his|her) (?:personal trainer|spotter)|(?:the|a|my|his) (?:dumbbells?|barbell|"
            r"kettlebells?|deadlifts?|squats?)|between sets"
        ),
    ),
    (
        "shop",
        (
            r"the (?:cashier|clerk|shopkeeper|salesperson|saleswoman|salesman|conveyor belt|cash register|"
            r"price tag|fitting room)|(?:my|his|her|a|the) shopping (?:cart|basket)"
        ),
    ),
    (
        "meeting",
        (
            r"the (?:meeting|interview) (?:was|is|began|started|came)|(?:my|the|his|her) (?:slides|"
            r"agenda)|the projector|shared (?:my|his|her) screen"
        ),
    ),
    (
        "office",
        (
            rf"(?:my|the|our|her|his) (?:boss|manager|supervisor|CEO|director) {_SAYS}|"
            r"the (?:copier|water cooler|photocopier)|(?:my|his|her) (?:swivel chair|inbox)"
        ),
    ),
    (
        "restaurant",
        (
            r"the (?:wedding|party|reception) (?:was|is|began|started|came)|(?:the|our|a) (?:waiter|"
            r"waitress|bartender|server|maitre d['’]?|hostess|busboy)|"
            r"(?:after|before|during|over) (?:the )?(?:appetizers|starters|main course|entr[ée]es?|desserts?|"
            r"speeches|champagne)|the (?:menus?|dance floor|first dance|bouquet|breadsticks|wine list)|"
            r"(?:to|at|from|by|around) (?:our|their|the (?:head|next|other)) table|cloth napkins?|"
            r"(?:ordered|orders?) (?:the|a|another) \w+"
        ),
    ),
    (
        "kitchen",
        (
            r"the (?:kettle|toaster|dishwasher|frying pan|microwave|cutting board|dishes)|"
            r"(?:at|on) the (?:breakfast|kitchen) table"
        ),
    ),
    (
        "car",
        (
            r"(?:my|his|her|the) (?:seat ?belt|steering wheel|windshield|dashboard|rear-?view mirror|"
            r"turn signal|"
            r"glove (?:box|compartment))"
        ),
    ),
    (
        "park",
        r"the (?:monkey bars|swings?|slide|sandbox|campfire|tent|grill|dock|picnic (?:table|blanket))",
    ),
    ("car", r"(?:the|a|my|our) (?:bus|cab|taxi|train) driver"),
    ("street", r"the (?:hedge|fence|hydrant|tow truck|mailman)"),
    (
        "bedroom",
        r"(?:my|his|her|the) (?:pillow|mattress|alarm clock|nightstand|bedside lamp)|under the covers",
    ),
    ("room", r"the (?:coffee table|thermostat|remote|television|TV|doorbell)"),
)
_PATTERNS: Final = tuple((place, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for place, words in _HINTS)


def place_hinted(told: str) -> str | None:
    """Return the place of the last hint in a sentence without its quotes; None if it has none."""
    best, at = None, -1
    for place, pattern in _PATTERNS:
        for match in pattern.finditer(told):
            if match.start() > at:
                best, at = place, match.start()
    return best
