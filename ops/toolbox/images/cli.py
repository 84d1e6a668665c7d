"""The command line of `ops/images/check`."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from toolbox.broker.installation import require_installation
from toolbox.errors import DONE, USAGE, BrokerError
from toolbox.images.bases import provide_bases
from toolbox.images.buildah import Buildah
from toolbox.images.check import check
from toolbox.images.fleet import ROOT, Fleet
from toolbox.images.servers import enter_own_network, postgres_programs

PROGRAMS = {"buildah": "buildah", "nsenter": "util-linux", "ip": "iproute2", "psql": "postgresql-client"}
NEEDS = """needs Linux, root, 8 GB of disk, about 10 minutes, and (Debian's names): buildah iproute2
rabbitmq-server postgresql; and debootstrap where base images cannot be pulled. It needs no container
engine and uses no port of this machine. Everything is in a temporary folder, which is removed at the end.
exit codes: 0 all is well, 2 something needed is missing, 3 a build or a check failed"""


def main(argv: Sequence[str] | None = None) -> int:
    """Build the images and run the fleet in them; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="ops/images/check",
        description="Build the images without an engine and run docker-compose.yml's services in them.",
        epilog=NEEDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="use this folder and leave it there")
    arguments = parser.parse_args(argv)
    # Ends as Ctrl-C does: with everything stopped and removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _require()
        if arguments.keep:
            _check_in(arguments.keep.resolve())
        else:
            with tempfile.TemporaryDirectory(prefix="gt-images-", dir="/var/tmp") as folder:
                # The user of PostgreSQL has to get through.
                Path(folder).chmod(0o711)
                _check_in(Path(folder))
    except BrokerError as error:
        print(f"images: {error}", file=sys.stderr)
        return error.exit_code
    return DONE


def _require() -> None:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise BrokerError("needs Linux and root, for namespaces and chroots", USAGE)
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    try:
        require_installation()
        postgres_programs()
    except BrokerError as error:
        raise BrokerError(str(error), USAGE) from None
    if missing:
        raise BrokerError(f"not installed: {' '.join(missing)}; apt-get install {' '.join(missing)}", USAGE)


def _check_in(folder: Path) -> None:
    buildah = Buildah(folder / "store")
    fleet = Fleet(folder / "fleet")
    try:
        _build(buildah, fleet, folder)
        fleet.unpack(buildah)
        enter_own_network()
        check(fleet, folder / "fleet", _say)
    finally:
        buildah.run("rm", "--all")
        shutil.rmtree(folder / "fleet", ignore_errors=True)


def _build(buildah: Buildah, fleet: Fleet, folder: Path) -> None:
    uv = subprocess.run([ROOT / "ops/get_uv"], capture_output=True, text=True, check=True).stdout.strip()
    dockerfiles = [ROOT / file for file in fleet.dockerfiles.values()]
    stand_ins = provide_bases(buildah, dockerfiles, folder, Path(uv))
    if stand_ins:
        _say(f"stand-ins for base images that cannot be pulled: {', '.join(stand_ins)}")
    for image, dockerfile in fleet.dockerfiles.items():
        started = time.monotonic()
        buildah.build(image, dockerfile, ROOT)
        _say(f"built {image} in {time.monotonic() - started:.0f} s")


def _say(text: str) -> None:
    print(f"images: {text}", flush=True)
