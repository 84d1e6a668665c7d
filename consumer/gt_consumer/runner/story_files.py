"""What a program gets of its story: the values of its placeholders, `story.json`, and the text as a file.

When a post is fetched and when not: docs/decisions/0036.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Final

from gt_common import reddit
from gt_common.errors import GossipToonError, PermanentError, RateLimited
from gt_common.log import get_logger
from gt_common.reddit.pace import Pace
from gt_common.reddit.saved import read_saved_post
from gt_common.reddit.settings import load_reddit_settings
from gt_common.reddit.text import PostText
from gt_common.stories import slug
from gt_common.stories.local import name_for_programs, story_path
from gt_common.stories.urls import is_reddit_post
from gt_common.texts import clean_title
from gt_consumer.orchestrator.spec import STORY_FILE, CommandSpec
from gt_consumer.processes.protocol import Run

TEXT_FILE: Final = "story.txt"
KEPT_TEXTS: Final = 100
"""Fetched posts that a worker remembers, for the next attempts of their stories."""
MOST_IN_VARIABLE: Final = 64 * 1024
"""Bytes of options that are also in GT_STORY_OPTIONS; Linux allows 128 KiB for one variable."""

_log = get_logger("runner")


@dataclass(frozen=True)
class StoryText:
    """What is known of a story; None for what is not."""

    title: str | None = None
    text: str | None = None
    subreddit: str | None = None
    author: str | None = None


class StoryTexts:
    """Fetches posts from Reddit, each post once while it is remembered."""

    def __init__(self) -> None:
        self._fetched: OrderedDict[str, StoryText] = OrderedDict()
        self._pace = Pace()

    async def find(self, url: str, *, needed: bool) -> StoryText:
        """Return what is known of a link; without credentials a post is fetched only if it is needed.

        Raises:
            PermanentError: the post is gone, or has no text although it is needed
            RateLimited, CredentialsRefusedError, RedditUnreachableError: Reddit does not return it now
        """
        if not is_reddit_post(url) or not (needed or self._has_credentials):
            return StoryText()
        known = self._fetched.get(url)
        if known is None:
            # Its import takes long enough to be noticed by the other stories of the loop.
            await asyncio.to_thread(import_module, "gt_common.reddit.fetch")
            post = await reddit.fetch_post(url, pace=self._pace)
            known = self._fetched[url] = _told(post, url, needed=needed)
            while len(self._fetched) > KEPT_TEXTS:
                self._fetched.popitem(last=False)
        return known

    @cached_property
    def _has_credentials(self) -> bool:
        try:
            load_reddit_settings().credentials()
        except GossipToonError:
            return False
        return True


@dataclass(frozen=True)
class StoryFiles:
    """The files of a story in its working folder.

    Parameters:
        values: of the placeholders of the command
        environment: variables of the program
    """

    values: dict[str, str]
    environment: dict[str, str]


async def write_story_files(request: Run, spec: CommandSpec, texts: StoryTexts) -> StoryFiles:
    """Write the files of a story into the folder of its attempt.

    Raises:
        PermanentError: the command needs the text of the story, and there is none
        RateLimited: Reddit asked to wait
        CredentialsRefusedError, RedditUnreachableError: the text is needed and Reddit does not return it now
        OSError: a file cannot be written; or read, although it is needed
    """
    path = story_path(request.url)
    if path is not None:
        return await asyncio.to_thread(_read_and_write, request, spec, path)
    try:
        known = await texts.find(request.url, needed=spec.needs_text)
    except GossipToonError as error:
        known = _without_text(error, needed=spec.needs_text)
    return await asyncio.to_thread(_write, request, spec, known)


def _read_and_write(request: Run, spec: CommandSpec, path: Path) -> StoryFiles:
    try:
        post = read_saved_post(path, [Path(root) for root in request.story_roots])
        known = _told(post, path.name, needed=spec.needs_text)
    except (GossipToonError, OSError) as error:
        known = _without_text(error, needed=spec.needs_text)
    return _write(request, spec, known, path)


def _without_text(error: GossipToonError | OSError, *, needed: bool) -> StoryText:
    """Return that nothing is known, because of an error; raise it where that will not do."""
    if needed or isinstance(error, RateLimited):
        raise error
    _log.warning("story_text_missed", error=str(error))
    return StoryText()


def _write(request: Run, spec: CommandSpec, known: StoryText, path: Path | None = None) -> StoryFiles:
    if spec.needs_text and not known.text:
        raise PermanentError(
            f"the program needs the text of its story, and {request.url} is neither a post on Reddit "
            "nor a story file"
        )
    workdir, known = Path(request.workdir), replace(known, title=known.title or request.title)
    values = {
        "url": name_for_programs(request.url, request.given),
        "workdir": request.workdir,
        "story_id": request.story_id,
        "batch_id": request.batch_id,
        "attempt": str(request.attempt),
        "project_id": request.project_id or "",
        "title": _title_for_programs(request, known),
        **{f"options.{name}": _text_of(value) for name, value in request.options.items()},
    }
    if path is not None:
        values["path"] = str(path)
    if known.text is not None and spec.uses("text_file"):
        place = workdir / TEXT_FILE
        place.write_text(f"{known.text}\n", encoding="utf-8", errors="replace")
        values["text_file"] = str(place)
    content = {"schema": 1, "batch_id": request.batch_id, "story_id": request.story_id, "url": values["url"]}
    document = {**content, "path": values.get("path"), **asdict(known), "options": dict(request.options)}
    story_file = workdir / STORY_FILE
    story_file.write_bytes(_json(document) + b"\n")
    options = _json(dict(request.options))
    variable = options.decode() if len(options) <= MOST_IN_VARIABLE else ""
    return StoryFiles(values, {"GT_STORY_FILE": str(story_file), "GT_STORY_OPTIONS": variable})


def _told(post: PostText, source: str, *, needed: bool) -> StoryText:
    """Return what a post tells; without a text only if none is needed."""
    try:
        title, text = post.narration(source)
    except PermanentError:
        if needed:
            raise
        title, text = post.title, ""
    return StoryText(title.strip() or None, text or None, post.subreddit or None, post.author)


def _title_for_programs(request: Run, known: StoryText) -> str:
    """Return a title in one line that is not taken for an option; one made of the URL if none is known."""
    title = (clean_title(known.title or "") or "").lstrip("- ")
    return title or slug(request.url).replace("-", " ")


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _json(document: object) -> bytes:
    """Return JSON in UTF-8, escaped only if it has characters that UTF-8 has not."""
    try:
        return json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(document).encode()


def longest_argument(spec: CommandSpec, filled: Sequence[str]) -> str:
    """Return the argument whose value is the longest, with its size, for an error."""
    sizes = [len(text.encode("utf-8", "replace")) for text in filled[1:]]
    if not sizes:
        return "no argument"
    size = max(sizes)
    return f"{spec.arguments[sizes.index(size)]} with {size:,} bytes"
