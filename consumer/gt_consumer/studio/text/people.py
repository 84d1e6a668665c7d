"""Words for people: roles with sex and age, abbreviations, and verbs of saying."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final, Literal

Sex = Literal["female", "male", "unknown"]


@dataclass(frozen=True)
class Role:
    """What a word for a person says: the role, the sex, and the group of ages where it is clear."""

    name: str
    sex: Sex
    age: str


_ROLES: Final[dict[tuple[Sex, str], str]] = {
    ("female", "parent"): "mother stepmother mother-in-law stepmom godmother",
    ("male", "parent"): "father stepfather father-in-law stepdad godfather",
    ("female", "aunt"): "aunt great-aunt",
    ("male", "aunt"): "uncle great-uncle",
    ("female", "old"): "grandmother great-grandmother grandmother-in-law widow step-grandmother",
    ("male", "old"): "grandfather great-grandfather grandfather-in-law widower",
    ("female", "peer"): """
    sister stepsister half-sister wife girlfriend fiancée bride ex-wife ex-girlfriend sister-in-law""",
    (
        "male",
        "peer",
    ): """brother stepbrother half-brother husband boyfriend fiancé groom ex-husband ex-boyfriend
        brother-in-law""",
    ("female", "offspring"): "daughter stepdaughter daughter-in-law niece goddaughter",
    ("male", "offspring"): "son stepson son-in-law nephew godson",
    ("female", "grandchild"): "granddaughter",
    ("male", "grandchild"): "grandson",
    ("female", "young"): """
    girl bridesmaid waitress maid stewardess actress hostess nun saleswoman policewoman""",
    ("male", "child"): "boy schoolboy",
    ("female", "child"): "schoolgirl",
    ("male", "young"): "waiter groomsman bellboy salesman policeman fireman mailman handyman",
    ("female", "adult"): """
    woman lady landlady businesswoman chairwoman headmistress midwife madam housewife
    stay-at-home-mom""",
    (
        "male",
        "adult",
    ): """man guy dude gentleman bloke lad fella businessman chairman headmaster stay-at-home-dad
        sir doorman repairman""",
    ("unknown", "young"): """
    friend roommate flatmate housemate coworker co-worker colleague classmate nurse receptionist
    barista bartender server cashier clerk intern assistant cousin partner spouse teenager student
    babysitter nanny trainer waitstaff hairdresser photographer florist dj cook temp recruiter
    best-man driver courier ex guest stranger person neighbor bully""",
    (
        "unknown",
        "adult",
    ): """
    boss manager supervisor ceo owner chef judge officer cop detective lawyer attorney doctor
    surgeon principal client customer realtor professor teacher landlord neighbor therapist
    counselor priest pastor minister rabbi imam guard technician mechanic plumber contractor
    electrician locksmith banker director president coach director editor agent inspector notary
    accountant pharmacist dentist vet developer caterer planner tenant witness parent guardian
    instructor sergeant captain lieutenant colonel secretary mediator bailiff dispatcher paramedic
    critic farmer butcher baker dishwasher attendant seamstress tailor gardener carpenter watchmaker
    librarian janitor cleaner
    caretaker housekeeper organist conductor musician reporter journalist investigator auditor
    representative""",
    (
        "unknown",
        "child",
    ): "child kid baby toddler infant newborn grandchild twin preschooler kindergartner stepchild",
}
_SAME: Final = """
    mom=mother mum=mother mommy=mother mama=mother momma=mother mam=mother dad=father daddy=father
    papa=father pop=father mil=mother-in-law fil=father-in-law sil=sister-in-law bil=brother-in-law
    dil=daughter-in-law gmil=grandmother-in-law dh=husband hubby=husband dw=wife wifey=wife
    dd=daughter ds=son dsd=stepdaughter dss=stepson gf=girlfriend bf=boyfriend grandma=grandmother
    granny=grandmother nana=grandmother gran=grandmother nan=grandmother grandmom=grandmother
    nonna=grandmother oma=grandmother abuela=grandmother grandpa=grandfather grandad=grandfather
    granddad=grandfather gramps=grandfather opa=grandfather abuelo=grandfather
    great-grandma=great-grandmother great-grandpa=great-grandfather auntie=aunt neighbour=neighbor
    fiancee=fiancée
    fiance=fiancé sis=sister bro=brother stepmom=stepmother stepdad=stepfather hubs=husband
    physician=doctor attorney=lawyer cop=officer policeman=officer policewoman=officer
    co-worker=coworker ex-gf=ex-girlfriend ex-bf=ex-boyfriend stbxh=ex-husband stbxw=ex-wife
    exh=ex-husband exw=ex-wife flatmate=roommate housemate=roommate roomie=roommate counsellor=counselor
    maid-of-honor=bridesmaid moh=bridesmaid bestie=friend mother-law=mother-in-law
    stepson-in-law=son-in-law so=partner principle=principal"""
_SEX_OF_SYNONYM: Final[dict[str, Sex]] = {"policeman": "male", "policewoman": "female"}
CAPITALS_ONLY: Final = frozenset("so bf gf dh dw dd ds mil fil sil bil dil gmil moh exh exw dsd dss".split())
"""Abbreviations that are words for people in capitals only."""
FAMILY: Final = frozenset(
    """mother father mother-in-law father-in-law sister-in-law brother-in-law daughter-in-law grandmother
    grandfather husband wife daughter son aunt uncle boyfriend girlfriend partner stepmother stepfather
    ex-husband ex-wife stepdaughter stepson bridesmaid great-grandmother great-grandfather""".split()
)
"""Roles that stand without a determiner, as in "Mom called" and "MIL left"."""
PLURALS: Final = {
    "children": "child",
    "kids": "kid",
    "men": "man",
    "women": "woman",
    "ladies": "lady",
    "babies": "baby",
    "wives": "wife",
    "guys": "guy",
    "people": "person",
    "mothers-in-law": "mother-in-law",
    "sisters-in-law": "sister-in-law",
    "brothers-in-law": "brother-in-law",
}
NOBODY: Final = frozenset(
    """
    everyone everybody nobody anyone anybody someone somebody no-one one they people others both all
    we you it this that these those who which what there each neither none either something nothing
    everything another half most many some any several""".split()
)
"""Subjects that do not stand for a single person."""
_SAID: Final = """said says say asked asks ask yelled yells screamed screams shouted shouts whispered whispers
    replied replies answered answers told tells snapped snaps demanded demands laughed cried cries sighed
    sighs
    muttered mutters added adds announced announces hissed hisses began begins went goes goes wrote writes
    texted
    texts called repeated repeats insisted insists admitted admits explained explains smiled grinned
    blurted stammered mumbled argued begged interrupted barked bellowed groaned growled sobbed gasped chuckled
    giggled scoffed sneered smirked joked teased warned promised pleaded suggested declared shrieked murmured
    exclaimed continued concluded corrected agreed responded responds retorted chimed complained protested
    reminded informed confessed claimed lied croaked squeaked purred drawled mouthed typed messaged emailed
    inquired wondered thought ordered shot spat shrugged nodded winked whined wailed roared read reads
    stuttered offered ventured commented remarked observed pointed stated cooed called greeted""".split()
# Of "shrieked" and "smiled" also "shrieks" and "smiles"; what is not a word meets none.
SAID: Final = frozenset(_SAID) | {w[:-cut] + "s" for w in _SAID if w.endswith("ed") for cut in (1, 2)}
"""Verbs of saying, in the forms that stand beside a quote."""
SAID_BY_ME: Final = frozenset(
    """say tell yell scream shout whisper reply answer snap mutter add repeat explain joke text announce
    admit insist suggest""".split()
)
"""Those without an ending, which count after "I" and "would"."""
DIRECT: Final = SAID - frozenset(
    """
    laughed smiled grinned shrugged nodded winked pointed shot thought read reads laughs smiles grins shrugs
    nods winks points""".split()
)
"""Verbs of saying that can stand before a quote without a comma."""
WRITTEN: Final = frozenset("wrote writes texted texts read reads typed messaged emailed".split())
TITLES: Final[dict[str, Sex]] = {
    "mr": "male",
    "mrs": "female",
    "ms": "female",
    "miss": "female",
    "sir": "male",
    "madam": "female",
    "lady": "female",
    "lord": "male",
    "aunt": "female",
    "auntie": "female",
    "uncle": "male",
    "grandma": "female",
    "grandpa": "male",
    "dr": "unknown",
    "doctor": "unknown",
    "professor": "unknown",
    "prof": "unknown",
    "judge": "unknown",
    "officer": "unknown",
    "detective": "unknown",
    "chef": "unknown",
    "coach": "unknown",
    "father": "male",
    "sister": "female",
    "pastor": "unknown",
    "captain": "unknown",
    "sergeant": "unknown",
    "principal": "unknown",
}
NOT_NAMES: Final = frozenset(
    """
    the and but then she her his they you your when what that this there here now not today monday
    tuesday wednesday thursday friday saturday sunday january february march april june july august
    september october november december aita tifu wibta nta yta esh christmas easter thanksgiving
    halloween hanukkah ramadan english spanish french german italian chinese japanese korean indian
    american british irish polish mexican canadian reddit google facebook instagram tiktok whatsapp
    netflix amazon uber zoom venmo paypal zelle tinder hinge youtube twitter ikea walmart target
    costco starbucks god jesus lord ok okay yes no so oh well hey hi hello please thanks thank sorry
    also only just even still because while after before once since until if although though however
    meanwhile finally suddenly instead maybe perhaps later soon anyway apparently honestly fast last
    next first second third one two three four five six seven eight nine ten every each all some any
    both my our their its it he we who whose where why how which in on at by for from of to up down
    with without under over behind between into out off as or nor edit update tldr op hr tv dna pto
    hoa er mother father mom dad grandma grandpa mum nana aunt uncle sir ma'am miss mister doctor
    your-honor honor sometimes usually turns turned imagine cue fuck wtf omg lol let give take look
    come go stop get wait tell don't can't won't i'm i've i'd i'll it's that's there's she's he's
    they're you're we're what's who's let's never always nothing everything nobody everybody
    everyone somebody someone no-one another good great nice bad big old new young little people men
    women kids guys man woman guy girl boy mine yours hers ours dear whatever anyways basically
    obviously clearly eventually afterwards again back bro dude honey sweetheart sweetie babe baby
    buddy kiddo darling love ladies gentlemen""".split()
)


@functools.lru_cache(maxsize=1)
def roles() -> dict[str, Role]:
    """Return what each word for a person says, by the word in lower case."""
    table = {word: Role(word, sex, age) for (sex, age), words in _ROLES.items() for word in words.split()}
    table = {word: role for word, role in table.items() if "'" not in word}
    for pair in _SAME.split():
        word, name = pair.split("=")
        base = table.get(name)
        if base is not None:
            table[word] = Role(name, _SEX_OF_SYNONYM.get(word, base.sex), base.age)
    return table


def role_of(word: str) -> tuple[Role, bool] | None:
    """Return the role that a word names and whether it is in the plural; None for other words."""
    lower = word.lower().replace("’", "'")
    table = roles()
    if lower in CAPITALS_ONLY and not word.isupper():
        return None
    if lower in table:
        return table[lower], False
    single = PLURALS.get(lower) or (lower[:-1] if lower.endswith("s") else None)
    if single and single in table and single not in CAPITALS_ONLY:
        return table[single], True
    return None


def unlisted_role(word: str) -> Role:
    """Return the role of a person whom no list has, by the ending of the word."""
    sex: Sex = (
        "female"
        if word.endswith(("ess", "stress", "woman", "ette"))
        else "male"
        if word.endswith("man")
        else "unknown"
    )
    return Role(word, sex, "adult")
