"""What a post narrates: its text without Reddit's insertions, and whether a notice stands in its place."""

from __future__ import annotations

import html
import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from gt_common.errors import PermanentError, StoryGoneError

# `[removed]`, `[deleted by user]`, `[ Removed by Reddit on account of violating the [content policy](…). ]`
_NOTICE = re.compile(
    r"\\?\[\s*(?:removed|deleted)\b(?:[^\[\]\n]|\[[^\[\]\n]{1,100}\]\([^()\s]{1,300}\)){0,300}\]\.?",
    re.IGNORECASE,
)
# What the website shows above a removed post, for those who copy the page.
_SORRY = re.compile(r"sorry, this post (?:was|has been) (?:removed|deleted) by [^\n]{1,300}", re.IGNORECASE)
_INSERTED = re.compile(
    r"\*Processing (?:img|gif|video) [\w-]{1,40}(?:\.{3}|…)\*"
    r"|\[View Poll\]\([^()\s]{1,300}\)"
    r"|!\[[^\[\]\n]{0,300}\]\([^()\n]{1,500}\)"
    r"|This post contains content not supported on old Reddit\.\s*"
    r"\[Click here to view the full post\]\([^()\s]{1,300}\)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\[[^\[\]\n]{0,300}\]\([^()\s]{1,500}\)|\bhttps?://\S+", re.IGNORECASE)


def is_gone(text: str) -> bool:
    """Whether a title or a text is what Reddit shows in place of a removed one."""
    plain = _without_entities(text).strip("*_ \n")
    return bool(_NOTICE.fullmatch(plain) or _SORRY.fullmatch(plain))


def narrated_text(markdown: str) -> str:
    """Return a text without Reddit's insertions; empty if only links, pictures or a poll are left.

    Insertions are pictures, GIFs, polls, uploads in progress, HTML entities and zero-width spaces.
    """
    text = _INSERTED.sub("", _without_entities(markdown)).strip()
    return text if any(c.isalpha() for c in _ADDRESS.sub("", text)) else ""


def _without_entities(markdown: str) -> str:
    return html.unescape(markdown).replace("\u200b", "").replace("\xa0", " ").strip()


def _no_author(value: object) -> object:
    return None if value in ("", "[deleted]") else value


class PostText(BaseModel):
    """The part of a post that can be narrated, with the names of Reddit's JSON; null means the default.

    Parameters:
        title, selftext: as written; the text is Markdown and empty for links and pictures
        subreddit: empty if it is not known
        author: None if it is not known, or if the account or the post was deleted
        removed_by_category: who removed it, if anybody
        crosspost_parent_list: the post that this one shows, if it is a crosspost
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = ""
    selftext: str = ""
    subreddit: str = ""
    author: Annotated[str | None, BeforeValidator(_no_author)] = None
    removed_by_category: str | None = None
    crosspost_parent_list: tuple[PostText, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None}

    @property
    def text(self) -> str:
        """Its own text as `narrated_text` returns it."""
        return narrated_text(self.selftext)

    @property
    def removed(self) -> bool:
        """Whether its text is gone; the text of a deleted account stays."""
        return bool(self.removed_by_category) or is_gone(self.selftext) or is_gone(self.title)

    def narration(self, source: str) -> tuple[str, str]:
        """Return title and text; a crosspost without a text of its own has that of the post it shows.

        Parameters:
            source: where the post is from, for error messages

        Raises:
            StoryGoneError: the post was removed
            PermanentError: it has no text
        """
        told = self
        if not self.removed and not self.text and self.crosspost_parent_list:
            told = self.crosspost_parent_list[0]
        if told.removed:
            raise StoryGoneError(f"the post was removed or deleted: {source}")
        if not told.text:
            raise PermanentError(
                f"the story has no text, only a title, a link, a poll or a picture: {source}"
            )
        return (self.title or told.title).strip(), told.text
