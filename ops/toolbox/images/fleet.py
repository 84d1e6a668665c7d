"""docker-compose.yml's services in unpacked images, with folders in the place of volumes."""

from __future__ import annotations

import re
import secrets
import shutil
from dataclasses import replace
from pathlib import Path

from toolbox.errors import BrokerError
from toolbox.images.buildah import Buildah, Image
from toolbox.images.compose import Service, read_services
from toolbox.images.container import Container

ROOT = Path(__file__).resolve().parents[3]
# Empty folders of the user, which are not part of the checkout.
_OF_THE_USER = ("./stories", "./plugins", "./exports")
_HOSTS = "127.0.0.1 localhost rabbitmq postgres\n"


class Fleet:
    """The services, and everything that they leave behind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.variables = _passwords() | {"GT_RETRY_DELAYS": "1s", "GT_MAX_ATTEMPTS": "2"}
        self.services = read_services(ROOT / "docker-compose.yml", self.variables)
        self._images: dict[str, Image] = {}
        self._started: list[Container] = []

    @property
    def dockerfiles(self) -> dict[str, str]:
        """The images that are built, with their Dockerfiles."""
        return {service.image: service.dockerfile for service in self.services.values() if service.dockerfile}

    def unpack(self, buildah: Buildah) -> None:
        """Unpack every image that this project's services use, and make the folders of their volumes."""
        for service in self.services.values():
            if service.name in {"rabbitmq", "postgres"}:
                continue
            if service.image not in self._images:
                image = buildah.unpack(service.image)
                (image.root / "etc/hosts").write_text(_HOSTS, encoding="ascii")
                self._images[service.image] = image
            self._make_volumes(service)

    def volume(self, source: str) -> Path:
        """Return the folder that takes the place of a mount's source."""
        if source.startswith("./") and source not in _OF_THE_USER:
            return ROOT / source
        return self._folder / "volumes" / source.removeprefix("./")

    def container(self, name: str, **environment: str) -> Container:
        """Return a container of a service, not started yet.

        Parameters:
            environment: added to the service's, as a line of `.env` would
        """
        service = self.services[name]
        service = replace(service, environment={**service.environment, **environment})
        scratch = self._folder / "containers" / f"{len(self._started)}"
        scratch.mkdir(parents=True)
        folders = {mount.source: self.volume(mount.source) for mount in service.mounts}
        container = Container(service, self._images[service.image], folders, scratch)
        self._started.append(container)
        return container

    def images(self) -> dict[str, Image]:
        """Return the unpacked images by name."""
        return dict(self._images)

    def kill(self) -> None:
        """Kill every container that is still running."""
        for container in self._started:
            container.kill()

    def _make_volumes(self, service: Service) -> None:
        for mount in service.mounts:
            folder = self.volume(mount.source)
            if folder.exists():
                continue
            folder.mkdir(parents=True)
            inside = self._images[service.image].root / mount.target.lstrip("/")
            if mount.source in _OF_THE_USER:
                user, _, group = self.services["report"].user.partition(":")
                shutil.chown(folder, int(user), int(group))
            elif inside.is_dir():
                # As engines do it: a new volume takes over the owner of the folder in the image.
                shutil.chown(folder, inside.stat().st_uid, inside.stat().st_gid)


def _passwords() -> dict[str, str]:
    """Return a password for each one in `.env.example`."""
    names = re.findall(
        r"^(\w+_PASSWORD)=$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE
    )
    if not names:
        raise BrokerError("no passwords in .env.example")
    return {name: secrets.token_hex(24) for name in names}
