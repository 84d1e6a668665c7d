"""How words are read that are not spelt as they are said: abbreviations, units, masked words."""

from __future__ import annotations

from typing import Final

SAY_A = "[A](/ˈA/)"
_HOLE = f"{SAY_A} hole"
# Expanded only in capitals: in lower case most of them are ordinary words ("so", "nah", "op").
CAPITALS = {
    "OP": "original poster",
    "OOP": "the original poster",
    "NAH": f"no {_HOLE}s here",
    "MOH": "maid of honor",
    "US": "[U.S.](/jˌuˈɛs/)",
}
ANY_CASE = {
    "aita": f"am I the {_HOLE}",
    "wibta": f"would I be the {_HOLE}",
    "nta": f"not the {_HOLE}",
    "yta": f"you're the {_HOLE}",
    "esh": "everyone sucks here",
    "aitah": f"am I the {_HOLE}",
    "tl;dr": "too long, didn't read",
    "tldr": "too long, didn't read",
    "tifu": "today I messed up",
    "wtf": "what the heck",
    "omg": "oh my god",
    "idk": "I don't know",
    "imo": "in my opinion",
    "imho": "in my humble opinion",
    "tbh": "to be honest",
    "btw": "by the way",
    "fyi": "for your information",
    "asap": "as soon as possible",
    "ngl": "not gonna lie",
    "smh": "shaking my head",
    "lol": "ha ha",
    "lmao": "ha ha",
    "irl": "in real life",
    "bff": "best friend",
    "stbxh": "soon to be ex husband",
    "stbxw": "soon to be ex wife",
    "b/c": "because",
    "bc": "because",
    "w/": "with",
    "w/o": "without",
    "ppl": "people",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "vs": "versus",
    "etc": "et cetera",
    "approx": "approximately",
    "24/7": "twenty-four seven",
    "50/50": "fifty fifty",
    "hrs": "hours",
    "mins": "minutes",
    "yrs": "years",
    "&": "and",
    "yo": "year old",
    "y/o": "year old",
    "af": "as heck",
}
RELATIVES: Final = {
    "SO": "significant other",
    "DH": "husband",
    "DW": "wife",
    "DD": "daughter",
    "DS": "son",
    "DSD": "stepdaughter",
    "DSS": "stepson",
    "MIL": "mother in law",
    "FIL": "father in law",
    "SIL": "sister in law",
    "BIL": "brother in law",
    "DIL": "daughter in law",
    "GF": "girlfriend",
    "BF": "boyfriend",
}
"""People; without "my" before them they are read as "my husband"."""
OWNERS: Final = frozenset(
    "my his her our their your the a an this that future ex new and's former own poor dear soon-to-be".split()
)
"""Words after which "my" is not read."""
UNITS: Final = {
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "m": ("meter", "meters"),
    "km": ("kilometer", "kilometers"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "mi": ("mile", "miles"),
    "kg": ("kilo", "kilos"),
    "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "ml": ("milliliter", "milliliters"),
    "l": ("liter", "liters"),
    "mph": ("mile an hour", "miles an hour"),
    "kph": ("kilometer an hour", "kilometers an hour"),
    "km/h": ("kilometer an hour", "kilometers an hour"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
    "yr": ("year", "years"),
    "yrs": ("year", "years"),
    "sq": ("square", "square"),
    "sqft": ("square foot", "square feet"),
    "°f": ("degree", "degrees"),
    "°c": ("degree", "degrees"),
    "gb": ("gigabyte", "gigabytes"),
    "mb": ("megabyte", "megabytes"),
    "zł": ("zloty", "zloty"),
}
"""Units after a number, for one and for several."""
SIGNS: Final = {
    "+": "plus",
    "=": "equals",
    "&": "and",
    "@": "at",
    "%": "percent",
    "≈": "about",
    "×": "times",
    "->": "to",
}
"""Signs that stand alone."""
PLANS: Final = {
    "401k": "four oh one kay",
    "401(k)": "four oh one kay",
    "403b": "four oh three bee",
    "529": "five twenty nine",
}
MASKED: Final = (
    (r"m[o*]th[e*]rf\W+\w*", "mother effing"),
    (r"bullsh?\*+t?", "B S"),
    (r"f\*+(?:ing|in)|fu\*+ing|f\*+k(?:ing|in)|fuc\*ing|f\*cking", "effing"),
    (r"f\*+ed|f\*+ked|f\*cked", "effed"),
    (r"f\*+k?|fu\*+k?|f\*ck|fuc\*", "eff"),
    (r"sh\*+t(?:ty|s)?|s\*+t(?:ty|s)?|sh\*+", "crap"),
    (r"b\*+t?ch(?:es)?|bi\*+ch(?:es)?|b\*{3,}", "b word"),
    (r"a\*+hole|a\*\*h\*+e?|as\*hole|a\*{2,}h?o?l?e?|\*sshole", "[A](/ˈA/) hole"),
    (r"a\*s|a\*\*|\*ss", "butt"),
    (r"d\*+mn|da\*n|dam\*", "damn"),
    (r"h\*+ll|he\*l", "hell"),
    (r"c\*+nt?|c\*+t", "c word"),
    (r"d\*+ck|d\*+k", "d word"),
    (r"p\*+ss(?:ed)?|p\*+ed", "peed"),
    (r"wh\*+re?|w\*+e", "w word"),
    (r"sl\*+t?", "s word"),
    (r"cr\*+p", "crap"),
)
"""Words with hidden letters, by pattern, as creators read them aloud."""
