"""Sentences that are about the post and not about the story: "Throwaway because…", "on mobile", "Link:"."""

from __future__ import annotations

import re
from typing import Final

from gt_consumer.studio.script.model import count_words

_BEGINNING: Final = re.compile(
    r"\b(?:throwaway|throw away account|burner account|alt account|on mobile|on my phone so|formatting|"
    r"english (?:is|isn't|is not) my (?:first|second|native|main)|not my first language|"
    r"long[- ]time (?:lurker|reader|listener)|first[- ]time (?:poster|posting|post)|never posted|"
    r"buckle up|bear with me|strap in|grab (?:some|your|a) popcorn|names (?:have been |were |are |are "
    r"all )?(?:changed|fake)|"
    r"fake names|changed (?:the |all |some )?names|obligatory|cross-?post(?:ed|ing)?|x-?post|"
    r"(?:i'll|i will|let me) try to (?:keep|make) (?:this|it) (?:short|brief)|keep (?:this|it) (?:short|"
    r"brief)|"
    r"tl;?dr (?:at|below|in|is)|sorry (?:for|about|if|in advance)[^.!?]{0,40}\b(?:long|length|post|"
    r"typos?|grammar|english|"
    r"spelling|rambl\w+|wall of text)|apologies (?:for|in advance)|long (?:post|story|one)(?: ahead| "
    r"incoming)?[.!,]|"
    r"this (?:is|might be|may be|will be|is going to be|is gonna be|gets) (?:a )?(?:bit |little |pretty "
    r"|very |really )?long|"
    r"here (?:it )?goes|here we go|so,? reddit|hi,? reddit|hello,? reddit|hey,? reddit|dear reddit|"
    r"reddit,? i need|"
    r"where (?:do|should) i (?:even )?(?:start|begin)|let me (?:start|begin|explain|set the scene)|"
    r"(?:some|a (?:bit|little) of|a little|for|quick|for some|necessary|little) (?:background|context|"
    r"backstory|back story)|"
    r"(?:because|since|as) (?:\w+ ){0,4}(?:know|knows|follow|follows|has|have) my (?:main|reddit)|"
    r"(?:don't|do not) want (?:this|it) (?:linked|on my main)|you know the drill|trigger warning|"
    r"content warning|"
    r"some of you (?:have |had )?(?:asked|wanted)|(?:short|long) version\b|"
    r"i (?:don't|do not) know if this (?:is the right|belongs|fits)|mods|this sub\b|subreddit|flair)\b",
    re.IGNORECASE,
)
_ANYWHERE: Final = re.compile(
    r"^\W*(?:(?:link|links|pic|pics|picture|pictures|photo|photos|image|images|video|source|proof|"
    r"screenshot|screenshots|poll)"
    r"\b[^.!?]{0,40}:?\W*$|link(?:ed)? (?:to|in|below)\b|(?:pic|picture|photo|screenshot)s? (?:in|below|"
    r"here|attached)\b|"
    r"so,? (?:tell me|reddit|what do you (?:guys )?think|be honest|give it to me)\b[^?]{0,30}[.:?]?$|"
    r"tell me[.:]?$|"
    r"i (?:should|need to|have to) (?:say|explain|tell you|mention) (?:something|a bit|a few (?:things|"
    r"words)) about\b[^.!?]{0,40}[.!]?$|"
    r"(?:what do you (?:guys |all )?think|thoughts|any (?:advice|thoughts))\s*\?$|\(?tl;?dr (?:at|below|"
    r"in)\b|"
    r"thanks? (?:you )?(?:for reading|in advance|everyone|all|guys|so much for)|(?:feel free to )?ask "
    r"me anything|"
    r"(?:original|first|previous|last) post\b[^.!?]{0,40}$|more (?:details|info) in the comments)",
    re.IGNORECASE,
)
_SHARE: Final = 0.2
_LONG: Final = 28


def is_clutter(text: str, place: float) -> bool:
    """Whether a sentence is about the post.

    Parameters:
        place: where it stands, 0 at the beginning of the story to 1 at its end
    """
    if _ANYWHERE.search(text):
        return True
    return (
        place <= _SHARE and count_words([text]) <= _LONG and bool(_BEGINNING.search(text)) and '"' not in text
    )
