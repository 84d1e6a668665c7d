"""buildah, with a store of its own: builds images in chroots, without an engine, and unpacks them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolbox.errors import BrokerError

# Chroots share the machine's limits; programs that close every possible handle are slow with a high one.
_BUILD = ("--isolation", "chroot", "--ulimit", "nofile=1024:1024", "--format", "docker", "--pull-never")
BUILD_SECONDS = 1200.0


@dataclass(frozen=True)
class Image:
    """An unpacked image and what it says about how to run it."""

    root: Path
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    user: str
    working_dir: str
    environment: dict[str, str]
    health_check: tuple[str, ...]


class Buildah:
    """The program, bound to a folder that contains everything it keeps."""

    def __init__(self, store: Path) -> None:
        self._base = [
            "buildah",
            *("--root", str(store / "root"), "--runroot", str(store / "run"), "--storage-driver", "vfs"),
        ]
        self._log = store / "build.log"
        store.mkdir(parents=True, exist_ok=True)

    def run(self, *arguments: str, timeout: float = 300.0) -> str:
        """Run a buildah command and return what it prints.

        Raises:
            BrokerError: it failed or took too long
        """
        try:
            with self._log.open("ab") as log:
                done = subprocess.run(
                    [*self._base, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    timeout=timeout,
                    check=False,
                )
        except subprocess.TimeoutExpired:
            raise BrokerError(
                f"buildah {arguments[0]} took longer than {timeout:g} s; see {self._log}"
            ) from None
        if done.returncode != 0:
            raise BrokerError(f"buildah {arguments[0]} failed: {self._last_lines()}; see {self._log}")
        return done.stdout

    def has(self, image: str) -> bool:
        """Whether an image of this name is in the store."""
        return bool(self.run("images", "--quiet", "--filter", f"reference={image}").strip())

    def build(self, image: str, dockerfile: str, context: Path) -> None:
        """Build an image as `docker build` does.

        Raises:
            BrokerError: an instruction failed
        """
        arguments = ("bud", *_BUILD, "--tag", image, "--file", str(context / dockerfile), str(context))
        self.run(*arguments, timeout=BUILD_SECONDS)

    def commit_files(self, image: str, files: Sequence[tuple[Path, str]], *settings: str) -> None:
        """Make an image of files of this machine.

        Parameters:
            files: pairs of a file or folder and its place in the image
            settings: arguments of `buildah config`
        """
        container = self.run("from", "scratch").strip()
        for source, target in files:
            self.run("copy", "--quiet", container, str(source), target)
        if settings:
            self.run("config", *settings, container)
        self.run("commit", "--quiet", "--rm", container, image)

    def unpack(self, image: str) -> Image:
        """Return the image with its files in a folder."""
        config = json.loads(self.run("inspect", "--type", "image", image))["Docker"]["config"]
        root = Path(self.run("mount", self.run("from", "--pull-never", image).strip()).strip())
        pairs = [pair.partition("=") for pair in config.get("Env") or []]
        return Image(
            root=root,
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            user=config.get("User") or "0",
            working_dir=config.get("WorkingDir") or "/",
            environment={name: value for name, _, value in pairs},
            health_check=tuple((config.get("Healthcheck") or {}).get("Test", ())[1:]),
        )

    def _last_lines(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " / ".join(line for line in lines[-3:] if line.strip())
