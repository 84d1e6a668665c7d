"""The base images: pulled where that is possible, else made of Debian's packages and this machine's uv."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from toolbox.errors import BrokerError
from toolbox.images.buildah import Buildah

_FROM = re.compile(r"^FROM (\S+)", re.MULTILINE)
_PYTHON = re.compile(r"^python:3\.11-slim-(\w+)$")
_PULL_SECONDS = 120.0
_DEBOOTSTRAP_SECONDS = 900.0


def provide_bases(buildah: Buildah, dockerfiles: Sequence[Path], folder: Path, uv: Path) -> list[str]:
    """Put every base image into the store; return the names of those that are stand-ins.

    Raises:
        BrokerError: one can neither be pulled nor replaced
    """
    bases = {name for file in dockerfiles for name in _FROM.findall(file.read_text(encoding="utf-8"))}
    return [
        name for name in sorted(bases) if not _pull(buildah, name) and _replace(buildah, name, folder, uv)
    ]


def full_name(image: str) -> str:
    """Return an image's name with its registry, as engines complete it."""
    host, slash, _ = image.partition("/")
    return image if slash and "." in host else f"docker.io/library/{image}"


def _pull(buildah: Buildah, name: str) -> bool:
    try:
        buildah.run("pull", "--policy", "missing", full_name(name), timeout=_PULL_SECONDS)
    except BrokerError:
        return False
    return True


def _replace(buildah: Buildah, name: str, folder: Path, uv: Path) -> bool:
    debian = _PYTHON.match(name)
    if debian:
        _python(buildah, name, debian[1], folder)
    elif "/uv:" in name:
        version = subprocess.run(
            [uv, "--version"], capture_output=True, text=True, check=True
        ).stdout.split()[1]
        if not name.endswith(f":{version}"):
            raise BrokerError(f"{name} cannot be pulled, and the uv of this machine is {version}")
        buildah.commit_files(full_name(name), [(uv, "/uv")])
    else:
        raise BrokerError(f"{name} cannot be pulled, and there is no stand-in for it")
    return True


def _python(buildah: Buildah, name: str, suite: str, folder: Path) -> None:
    """Make Debian with its own Python 3.11 look like the image of Python."""
    if not shutil.which("debootstrap"):
        raise BrokerError(f"{name} cannot be pulled; for a stand-in install debootstrap")
    root = folder / suite
    command = ["debootstrap", "--variant=minbase", "--include=python3,ca-certificates", suite, str(root)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_DEBOOTSTRAP_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise BrokerError(f"debootstrap failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    settings = [
        "--env",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "--cmd",
        "python3",
    ]
    # The authorities that this machine trusts, for networks with a proxy that has one of its own.
    trusted = os.environ.get("SSL_CERT_FILE")
    if trusted:
        shutil.copyfile(trusted, root / "etc/ssl/certs/ca-certificates.crt")
        settings += ["--env", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"]
    buildah.commit_files(full_name(name), [(root, "/")], *settings)
    shutil.rmtree(root)
