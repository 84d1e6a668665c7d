"""Where a story takes place: by phrases that say where somebody is, kept until another one comes.

A noun alone is not a place: "parked in Greg's spot" is not a park, a man "built like a fridge" not a kitchen.
So each place has phrases that put somebody there, and nouns that count after "in the", "at my" and the like.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from gt_consumer.studio.text.place_hints import place_hinted

_OWNER = (
    r"(?:the|a|an|my|his|her|our|their|your|this|that|one|[A-Z]\w+['’]s|"
    r"(?:my|his|her|our|the) \w+['’]s)"
)
_AT = r"(?:in|at|into|to|inside|outside|through|across|around|near|on|by|reached|entered|towards?|down|up)"
_PART_OF = r"(?:hallway|corridor|lobby|steps|stairs|front|back|door|gate|entrance|corner|middle|roof) of"
_WITHIN = rf"\b(?:{_AT}|{_PART_OF}) (?:{_OWNER} )?(?:(?!(?:the|an?|my|his|her|our|their)\b)\w+ ){{0,2}}?"
_IS = (
    r"(?:was (?:full|empty|quiet|packed|dark|crowded|silent|tiny|huge|cold|hot)|smelled|"
    r"went (?:quiet|silent)|stood|lay)"
)

# (place, nouns that count after `in the` …, phrases that put somebody there by themselves)
_NAMES: Final = (
    (
        "hospital",
        (
            r"hospital|ER|ICU|emergency room|clinic|maternity ward|delivery room|waiting room|surgery|"
            r"recovery room|ward|nursing home|care home|hospice|doctor['’]s office|ambulance"
        ),
        (
            r"in labou?r|went into labou?r|gave birth|giving birth|contractions|"
            r"rushed (?:me|him|her|us) to the (?:hospital|ER)|hospital (?:room|bed|hallway|gown)|in a coma"
        ),
    ),
    (
        "court",
        r"court|courtroom|courthouse|hearing|trial|mediation|small claims|witness stand|deposition",
        r"took the stand|small claims court|court date came",
    ),
    (
        "school",
        (
            r"school|class|classroom|campus|college|university|lecture|lecture hall|playground|cafeteria|"
            r"daycare|kindergarten|preschool|principal['’]s office|library|dorm|dorm room|parent-teacher \w+"
        ),
        (
            r"presented (?:the|our) (?:project|slides)|after class|in detention|"
            r"on the (?:black|white)?board"
        ),
    ),
    (
        "church",
        r"church|chapel|altar|ceremony|funeral|wake|temple|synagogue|cemetery|graveside|baptism|pew",
        r"(?:down|up) the aisle|speak now|said (?:our|their|the) vows|wedding ceremony",
    ),
    (
        "gym",
        r"gym|locker room|treadmill|weight room|yoga class|crossfit|squat rack|bench press",
        r"lifting weights|(?:my|a|the|his|her) treadmill|working out",
    ),
    (
        "shop",
        (
            r"store|shop|supermarket|mall|boutique|market|pharmacy|bakery|checkout|register|"
            r"aisle (?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)|Target|"
            r"Walmart|Costco|IKEA|counter of the \w+|dealership|garden cent(?:er|re)"
        ),
        (
            r"(?:the|a) checkout line|grocery shopping|dress shopping|shopping cart|"
            r"(?:final|first|next) fitting|tried on (?:the|a|my|her) \w*"
        ),
    ),
    (
        "meeting",
        (
            r"meeting|meetings|conference room|meeting room|board ?room|interview|performance review|"
            r"Zoom call|"
            r"presentation|all-hands"
        ),
        (
            r"(?:booked|reserved) (?:the|a) (?:conference|meeting) room|"
            r"(?:called|pulled|invited|summoned) (?:me|us|him|her|everyone) (?:in)?to (?:a|the|his|her) "
            r"(?:meeting|conference room)|HR (?:called|asked|sat|told|wanted)|(?:the|a) meeting "
            r"(?:started|began|went|ended)"
        ),
    ),
    (
        "office",
        (
            r"office|desk|cubicle|break ?room|workplace|lobby|bank|reception desk|lawyer['’]s office|"
            r"headquarters|warehouse"
        ),
        (
            r"clocked (?:in|out)|(?:at|to|into) work(?! (?:on|out|boots|clothes|shirt|friends?|phone))|"
            r"(?:have|had|got|took over) (?:his|her|the|my) (?:old )?office"
        ),
    ),
    (
        "restaurant",
        (
            r"restaurant|diner|bar|pub|cafe|café|coffee shop|steakhouse|bistro|venue|reception|banquet|"
            r"buffet|"
            r"wedding|ballroom|hall|rehearsal dinner|bridal shower|baby shower|bachelorette party|party|gala"
        ),
        (
            r"the (?:bill|check|appetizers|menus) (?:came|arrived)|table for \w+|raised (?:a|his|her|"
            r"my) glass|"
            r"(?:the|a|her|his) toast|the DJ|(?:during|until|for|by) (?:the|our|their) reception|"
            r"at table (?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)|"
            r"(?:booked|reserved|rented) (?:the|a) (?:restaurant|venue|table|hall)"
        ),
    ),
    (
        "kitchen",
        r"kitchen|pantry|stove|sink|fridge|refrigerator|freezer|oven|kitchen (?:table|counter|island)",
        (
            r"(?:was|were|am|is|been|started|kept|stood) (?:cooking|baking|frying|chopping|frosting)(?! for)|"
            r"(?:open|opened|close|closed|raided|emptied|cleaned|checked) (?:the|my|our|her|"
            r"his) (?:fridge|oven|"
            r"freezer|pantry|cupboards?)|(?:doing|did|washing|washed) the dishes|baked (?:a|the|my|her|"
            r"two|three|"
            r"\d+) \w+|made (?:breakfast|pancakes|lunch|dinner)|cooked (?:dinner|lunch|breakfast|for)"
        ),
    ),
    (
        "car",
        (
            r"car|truck|van|SUV|taxi|cab|Uber|back ?seat|passenger seat|driver['’]s seat|bus|train|highway|"
            r"freeway|minivan"
        ),
        (
            r"(?:I|we|he|she|they) (?:\w+ly )?drove|(?:was|were|been|kept) driving|the (?:drive|"
            r"ride) (?:home|back)|"
            r"pulled over|behind the wheel|at a red light|got in(?:to)? (?:the|my|his|her) \w+ and drove"
        ),
    ),
    (
        "park",
        (
            r"park|beach|lake|garden|picnic|campsite|woods|forest|trail|field|backyard|farm|zoo|barbecue|bbq|"
            r"cookout|pool"
        ),
        r"camping|hiking|walked the dog|(?:the|our) picnic",
    ),
    (
        "street",
        (
            r"street|road|sidewalk|parking lot|parking spot|parking space|parking garage|spot|driveway|porch|"
            r"front door|doorstep|front yard|yard|lawn|curb|mailbox|alley|neighbou?rhood|bus stop|stoop|gate|"
            r"rain|snow|construction site"
        ),
        (
            r"(?:went|ran|stepped|walked|stormed|stood|waited|sat|was|were|rushed) outside|parked (?:in|"
            r"on|at|"
            r"behind|across)|(?:the|a) tow truck|knocked on (?:my|the|his|her|our) door|"
            r"rang the (?:door)?bell|"
            r"the moving truck|on the (?:stairs|steps) outside|turned the corner|"
            r"in front of the (?:door|building|house|office|shop)"
        ),
    ),
    (
        "bedroom",
        r"(?<!hospital )bed|bedroom|nursery|hotel room|hotel|motel|guest room|crib|her room|his room|my room",
        (
            r"(?:woke|waking) (?:me |him |her |us )?up|fell asleep|lay awake|lying awake|"
            r"couldn['’]t sleep|in the middle of the night|(?:at|past) (?:midnight|[1-4] ?(?:am|a\.m\.))|"
            r"went to (?:bed|sleep)"
        ),
    ),
    (
        "room",
        (
            r"house|home|apartment|flat|condo|living room|couch|sofa|dining room|dining table|dinner table|"
            r"attic|basement|place|den|armchair|piano|fireplace|bathroom|closet"
        ),
        (
            r"(?:came|got|went|drove|walked|ran|rushed|flew|back|arrived|was|were|am|sitting|stayed|"
            r"alone) home|"
            r"(?:came|come|coming|stopped|went) over|moved (?:in|out)|thanksgiving dinner|christmas "
            r"(?:dinner|morning|eve)|family dinner|sat (?:me|us|him|her|everyone) down"
        ),
    ),
)
_UNLESS = (
    r"(?:not|never|no|n['’]t|without|instead of|rather than|like|as big as|about|imagine|imagined|invited|"
    r"invite|inviting|left|leave|leaving|leaves|from|uninvited|if|someday|dream(?:ed|t)? of|used to|"
    r"going to|will|would|might|could|should|want(?:s|ed)? to|wish|hope[ds]?|plan(?:s|ned)? to)"
)
# What somebody wants, could do or did long ago, comparisons, and "when I got home" at the end of a sentence.
_ELSEWHERE = (
    r"\b(?:as if|as though) (?:\w+ ){0,8}$|\b(?:can|could|should|might|will|wants?|wanted|planned|"
    r"hoped?|going to be) (?:\w+ ){0,6}$|"
    r"\bwhen I was (?:\w+ ?)+, (?:[\w$]+ ){0,6}$|\w (?:when|once|until|before|if) (?:I|he|she|we|they) $"
)
_NEGATED = re.compile(rf"\b{_UNLESS} (?:\w+ ){{0,2}}$|n['’]t (?:\w+ ){{0,2}}$|{_ELSEWHERE}", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"?')
_PATTERNS: Final = tuple(
    (
        place,
        re.compile(
            rf"(?:(?:{_WITHIN}|\b(?:whole|entire) )(?:{nouns})\b(?!['’]s)|\b{_OWNER} (?:\w+ "
            rf")?(?:{nouns}) {_IS}\b|\b(?:{phrases})\b)",
            re.IGNORECASE,
        ),
    )
    for place, nouns, phrases in _NAMES
)
# What the general patterns would read wrongly: "on her side", "in the car accident lawsuit", "at first".
_IDIOM = re.compile(
    r"\b(?:in the (?:bar exam|field of)|on the market|in (?:first|second|third) place|to (?:my|his|her|the) "
    r"face|took place|in (?:a|the) court of|at work on|in class action|(?:business|law|med|medical|grad|"
    r"art|high) school|at the end of the (?:day|road)|"
    r"in the (?:first|long|same) place|up the (?:bar|road)|work(?:ed|ing)? (?:on|for|with)|in place of|"
    r"on (?:my|his|her|our|the) way to (?:\w+ )?\w+|to (?:park|store|shop|bar|field|place|trail|pool|bank)|"
    r"court(?:ed|ing)|gym class|"
    r"(?:taped|stuck|pinned|glued|attached|clipped|hung) (?:\w+ ){0,4}(?:to|on) the "
    r"(?:fridge|door|refrigerator|freezer)|"
    r"home ?(?:wrecker|owner|made)\w*|in (?:his|her|my) place|a place to)\b",
    re.IGNORECASE,
)


def place_named(text: str) -> str | None:
    """Return the place where a sentence puts somebody, one of `PLACES`; None if it names none.

    What is in quotation marks does not count, nor a place that somebody leaves, is invited to, or is not at.
    """
    told = _told(text)
    return _place_told(told) or place_hinted(told)


def _told(text: str) -> str:
    return _IDIOM.sub("", _OUTSIDE.sub("went outside ", _QUOTED.sub(" ", text)))


def _place_told(told: str) -> str | None:
    """Return the place that a phrase names: of several the last, at the same position the longer one."""
    found: tuple[int, int] | None = None
    best = None
    for place, pattern in _PATTERNS:
        for match in pattern.finditer(told):
            if _NEGATED.search(told[: match.start()]):
                continue
            key = (match.end(), match.end() - match.start())
            if found is None or key[0] > found[0] or (key[0] == found[0] and key[1] < found[1]):
                found, best = key, place
    return best


# Before a building, and not in it.
_OUTSIDE: Final = re.compile(
    rf"(?<!car )(?<!truck )(?<!van )\boutside (?:of )?(?:{_OWNER} )?(?:\w+ )?(?:court\w*|church|"
    r"chapel|restaurant|diner|gym|store|shop|supermarket|school|hospital|clinic|bar|club|venue|building|house|"
    r"apartment|station)\b|^outside,? |\boutside (?=on |in the )|"
    r"\b(?:standing|waiting|smoking|sitting|stood|waited) outside\b(?! (?:the|my|his|her|a) )",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"^\W*(?:(?:and|but|so|then|well|anyway),? )*(?:"
    r"(?:\w+ )?(?:\w+|\d+) (?:minutes?|hours?|days?|weeks?|months?|years?|nights?) (?:later|after|ago|"
    r"before)|"
    r"(?:one|the next|the following|the other|last|this|that|that same|every|on|by) (?:\w+ )?(?:day|morning|"
    r"evening|night|afternoon|week|weekend|month|year|time|mon|tues|wednes|thurs|fri|satur|sun)|"
    r"for (?:a|the next|two|three|\w+) (?:days?|weeks?|months?|years?)|fast forward|yesterday|today|tonight|"
    r"after (?:that|dinner|work|school|the \w+)|then (?:\w+ ){1,3}(?:got|came|happened))",
    re.IGNORECASE,
)
"""A sentence with which another scene begins."""


_ANOTHER_DAY = re.compile(
    r"^(?:so |then |and |but )?(?:(?:on|in|for|by|last|next|the next|that|one|every|until|since|at|a "
    r"few|two|three|"
    r"four|five|six|ten|\d+) )(?:\w+[’']?s? ){0,3}?(?:monday|tuesday|wednesday|thursday|friday|saturday|"
    r"sunday|"
    r"day|days|week|weeks|weekend|month|months|year|years|birthday|morning|night|evening|christmas|"
    r"thanksgiving|"
    r"summer|spring|winter|autumn|fall|january|february|march|april|may|june|july|august|september|october|"
    r"november|december)\b",
    re.IGNORECASE,
)
"""Another day: a paragraph that begins so leaves the place of the one before."""


def places_of(texts: Sequence[str], opens: Sequence[bool] = (), first: str | None = None) -> list[str]:
    """Return the place of each sentence: the one that it names, else that of the scene.

    A scene lasts until another place or another time is told. One that begins with a time, such as "two weeks
    later", is where its first named place is, also if that comes late: "the whole restaurant went quiet".

    Parameters:
        opens: whether each sentence begins a paragraph; nothing is known of paragraphs if empty
        first: where a story begins before it names a place, if its title says so
    """
    told = [_told(text) for text in texts]
    named = [_place_told(text) for text in told]
    hinted = [place_hinted(text) for text in told]
    leaves = [
        bool(opens and opens[n] and (_ANOTHER_DAY.match(text) or _EVENT.match(text)))
        or bool(_RINGS.search(told[n]) and _DAY.search(told[n]))
        for n, text in enumerate(texts)
    ]
    begins = [n for n, text in enumerate(texts) if n == 0 or leaves[n] or _LATER.match(text)]
    settled, places = first or "room", []
    for start, end in pairwise([*begins, len(texts)]):
        at = next((n for n in range(start, end) if named[n]), end)  # before it, hints count
        cues = [*hinted[start:at], *named[at:end]]
        if any(cues) or leaves[start]:
            settled = next(filter(None, cues), "room" if leaves[start] else settled)
        for cue in cues:
            settled = _within(settled, cue) or settled
            places.append(settled)
    return places


def _within(settled: str, named: str | None) -> str | None:
    """Return the place that is named; None for a part of where one is: the teacher's desk, a hospital bed."""
    return None if named in _PARTS.get(settled, ()) else named


_PARTS: Final = {"school": ("office",), "hospital": ("bedroom", "office")}
_EVENT: Final = re.compile(
    r"^The (?:\w+ )?(?:hearing|trial|meeting|interview|wedding|ceremony|reception|funeral|party|appointment) "
    r"(?:was|came|began|started|is)\b"
)
"""What a paragraph begins with that tells of something arranged."""
_RINGS: Final = re.compile(
    r"\b(?:called|rang|phoned|texted|messaged|emailed) (?:me|us|our house|the house|my phone)\b",
    re.IGNORECASE,
)
_DAY: Final = re.compile(
    r"\b(?:(?:sun|mon|tues|wednes|thurs|fri|satur)day|yesterday|today|tonight|last night|this morning|"
    r"that (?:night|evening)|the next (?:day|morning)|(?:days?|weeks?|months?) later)\b",
    re.IGNORECASE,
)
"""A call on another day: nobody says where it is taken, so not where the scene before it was."""
