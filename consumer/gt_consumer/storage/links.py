"""Finds a story's result file wherever the story stands in the list, and whatever its title is.

A second, hidden name of the result file has nothing but the story's id in it: looking for a story's video
needs no look through the folder, which may hold many thousands.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from gt_consumer.storage.names import is_leftover, safe_name
from gt_consumer.storage.sidecars import SIDECARS

_PREFIX: Final = ".story-"
_FOLDERS: Final = 64
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def link_story(draft: Path, folder: Path, story_id: str) -> None:
    """Add the name by which a story is found to its result file, which is not at its place yet.

    Raises:
        OSError: the folder cannot be written
    """
    link = _link(folder, story_id)
    try:
        link.hardlink_to(draft)
    except FileExistsError:
        link.unlink(missing_ok=True)
        link_story(draft, folder, story_id)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(draft, link)


def linked_records(folder: Path, story_id: str) -> Iterator[Path]:
    """Yield the files of a folder that may be a story's result file."""
    with suppress(OSError, ValueError, RecursionError):
        content = json.loads(_link(folder, story_id).read_bytes())
        name = content.get("video") if isinstance(content, dict) else None
        if isinstance(name, str) and Path(name).name == name:
            yield (folder / name).with_suffix(".json")
    end = safe_name(story_id)
    for name in look_once(str(folder)).get(_key(end), ()):
        if name.endswith(f"-{end}.json"):
            yield folder / name


@lru_cache(maxsize=_FOLDERS)
def look_once(folder: str) -> Mapping[str, Sequence[str]]:
    """Look through a folder at its first use in this process; remove what dead processes left unfinished.

    Returns:
        the result files without a link, which earlier versions made, by the last part of their story's id
    """
    records: dict[str, list[str]] = defaultdict(list)
    links = set()
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith(_PREFIX):
                links.add(name.removeprefix(_PREFIX))
            elif name.endswith(".part") and is_leftover(Path(entry.path)):
                Path(entry.path).unlink(missing_ok=True)
            elif name.endswith(".json") and name[0].isdigit() and not name.endswith(SIDECARS):
                records[_key(name.removesuffix(".json"))].append(name)
    return {key: names for key, names in records.items() if key not in links}


def _key(name: str) -> str:
    return name.rpartition("-")[2]


def _link(folder: Path, story_id: str) -> Path:
    return folder / f"{_PREFIX}{safe_name(story_id)}"
