"""Caches answers for an hour, a file per community, so that other filters need no new requests."""

from __future__ import annotations

import contextlib
import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from gt_common.discovery.options import DiscoverOptions
from gt_common.files import make_private_folder, write_atomically
from gt_common.log import get_logger
from gt_common.reddit.posts import RedditPost

LIFETIME = timedelta(hours=1)
_log = get_logger("discovery")


class Entry(BaseModel):
    """The posts of one community.

    Parameters:
        depth, floor: how far the search went, as in `top_posts`
    """

    model_config = ConfigDict(frozen=True)

    form: Literal[1] = 1
    fetched_at: AwareDatetime
    depth: int
    floor: int
    posts: tuple[RedditPost, ...]

    @classmethod
    def of(cls, posts: tuple[RedditPost, ...], options: DiscoverOptions, now: datetime) -> Self:
        """Create an entry for an answer to these options."""
        return cls(fetched_at=now, depth=options.depth, floor=options.min_upvotes, posts=posts)

    def answers(self, options: DiscoverOptions, now: datetime) -> bool:
        """Whether it is recent enough and contains all that these options would find."""
        young = timedelta(0) <= now - self.fetched_at < LIFETIME
        return young and self.depth >= options.depth and self.floor <= options.min_upvotes


class Cache:
    """A folder of answers; if it cannot be used, Reddit is asked instead.

    Parameters:
        server: URL of the Reddit server; answers from another server are ignored
    """

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder
        self._server = server

    def get(self, subreddit: str, options: DiscoverOptions, now: datetime) -> tuple[RedditPost, ...] | None:
        """Return the cached posts of a community, if there are any."""
        try:
            entry = Entry.model_validate_json(self._path(subreddit, options).read_bytes())
        except (OSError, ValidationError):
            return None
        return entry.posts if entry.answers(options, now) else None

    def put(
        self, subreddit: str, options: DiscoverOptions, posts: tuple[RedditPost, ...], now: datetime
    ) -> None:
        """Store the posts of a community and remove files that are too old."""
        path = self._path(subreddit, options)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            make_private_folder(self._folder)
            self._prune(now)
            content = Entry.of(posts, options, now).model_dump_json()
            write_atomically(path, content, draft=draft, error=None, private=True)
        except OSError as error:
            _log.warning("cache_write_failed", folder=str(self._folder), error=str(error))

    def _path(self, subreddit: str, options: DiscoverOptions) -> Path:
        server = hashlib.sha256(self._server.encode()).hexdigest()[:8]
        return self._folder / f"{subreddit.lower()}-{options.time_filter}-{server}.json"

    def _prune(self, now: datetime) -> None:
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process removed it
                written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                if path.suffix == ".json" and now - written >= LIFETIME:
                    path.unlink()
