"""Words for people: roles with sex and age, synonyms of roles, men's names, verbs of saying."""

from __future__ import annotations

_ROLE_LISTS = {
    ("f", "elder"): """mother mom mum mommy stepmom stepmother aunt mother-in-law mil""",
    (
        "m",
        "elder",
    ): """father dad daddy stepdad stepfather uncle father-in-law fil boss manager supervisor ceo owner chef
        judge officer cop lawyer doctor principal client customer realtor professor""",
    ("f", "old"): """grandmother grandma granny nana""",
    ("m", "old"): """grandfather grandpa grandad""",
    (
        "f",
        "adult",
    ): """sister stepsister wife girlfriend fiancée fiancee bride ex-wife daughter niece sister-in-law sil
        woman lady girl bridesmaid waitress maid cousin coworker roommate friend receptionist teacher
        nurse""",
    (
        "m",
        "adult",
    ): """brother stepbrother husband boyfriend fiancé fiance groom ex-husband son nephew brother-in-law bil
        man guy boy waiter colleague neighbor neighbour landlord""",
}
ROLES = {role: who for who, roles in _ROLE_LISTS.items() for role in roles.split()}
_SAME = """mom=mother mum=mother mommy=mother dad=father daddy=father mil=mother-in-law fil=father-in-law
    sil=sister-in-law bil=brother-in-law grandma=grandmother granny=grandmother nana=grandmother
    grandpa=grandfather
    grandad=grandfather neighbour=neighbor fiancee=fiancée fiance=fiancé supervisor=manager"""
SAME = dict(pair.split("=") for pair in _SAME.split())
# Roles of either sex: the story's pronouns decide, the tables above only where there are none.
_EITHER = """boss manager supervisor ceo owner chef judge officer cop lawyer doctor principal client
    customer cousin
    coworker roommate friend neighbor neighbour colleague landlord realtor professor teacher nurse"""
EITHER = tuple(_EITHER.split())
_MEN = """adam alex ben bob brad brian carl chad charlie chris dan daniel dave david derek ed eric frank
    gary george greg
    harry henry jack jake james jason jeff jim joe john josh karl kevin kyle leo liam luke marcus mark
    martin matt max
    mike nick noah oliver oscar owen pat paul pete peter phil ray rob robert ron ryan sam scott sean simon
    steve ted theo
    tim todd tom tony tyler victor walter will"""
MEN = frozenset(_MEN.split())
_NOT_NAMES = """the and but then she her his they you your when what that this there here now not today
    monday tuesday
    wednesday thursday friday saturday sunday january february march april june july august september
    october november
    december aita tifu grandma mom dad"""
NOT_NAMES = frozenset(_NOT_NAMES.split())
_SAID = """said says asked asks yelled screamed shouted whispered replied answered told snapped demanded
    laughed cried
    sighed muttered added announced hissed began went goes wrote texted read called groaned repeated
    insisted admitted
    explained smiled grinned blurted stammered mumbled argued begged interrupted"""
SAID = "|".join(_SAID.split())
