"""What the stages of a film leave, so that a retry continues at the stage that failed.

Each stage writes files, and with them into `stages.json`: what they were made from, as a key, and their
checksums. They are used again if neither has changed; a file that is damaged or missing is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gt_common.errors import OutputError
from gt_common.files import write_atomically
from gt_consumer.studio.errors import StudioError

STAGES: Final = ("story", "script", "voice", "panels", "render")
_RECORD: Final = "stages.json"
_CHUNK: Final = 1 << 20


def key_of(*parts: object) -> str:
    """Return a key of what a stage is made from; the parts must be texts, numbers, or tuples of them."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Workspace:
    """A folder with the files of one film's stages."""

    folder: Path

    def path(self, name: str) -> Path:
        """Return the path of a file; the folder is created."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StudioError(f"cannot make the folder {self.folder}: {error.strerror}") from None
        return self.folder / name

    def has(self, stage: str, key: str) -> bool:
        """Whether a stage is done: made from the same, with all its files undamaged."""
        record = self._read().get(stage)
        if not isinstance(record, dict) or record.get("key") != key:
            return False
        files = record.get("files")
        return isinstance(files, dict) and all(
            _checksum(self.folder / name) == checksum for name, checksum in files.items()
        )

    def keep(self, stage: str, key: str, *names: str) -> None:
        """Note that a stage is done, with its files, and that those after it are not.

        Raises:
            StudioError: the note cannot be written
        """
        later = STAGES[STAGES.index(stage) :]
        record = {name: kept for name, kept in self._read().items() if name not in later}
        files = {name: _checksum(self.path(name)) for name in names}
        self._write({**record, stage: {"key": key, "files": files}})

    def forget(self, stage: str) -> None:
        """Forget a stage and those after it, so that they are made again."""
        kept = STAGES[: STAGES.index(stage)]
        self._write({name: record for name, record in self._read().items() if name in kept})

    def remove(self) -> None:
        """Remove all files, and the folders above it that are empty then."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            for folder in list(self.folder.parents)[:3]:
                folder.rmdir()

    def _read(self) -> dict[str, object]:
        try:
            record = json.loads((self.folder / _RECORD).read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return record if isinstance(record, dict) else {}

    def _write(self, record: dict[str, object]) -> None:
        try:
            write_atomically(self.path(_RECORD), json.dumps(record, indent=1) + "\n")
        except OutputError as error:
            raise StudioError(str(error)) from None


def _checksum(path: Path) -> str | None:
    """Return the SHA-256 of a file; None if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()
