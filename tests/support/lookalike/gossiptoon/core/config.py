"""Settings from the environment, and the folder of a project."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


class ConfigurationError(Exception):
    """A setting is missing."""


@dataclass(frozen=True)
class Api:
    """Keys of providers."""

    google_api_key: str
    reddit_client_id: str | None
    reddit_client_secret: str | None


class ConfigManager:
    """All settings."""

    def __init__(self) -> None:
        key = os.getenv("GOOGLE_API_KEY")
        if not key:
            raise ConfigurationError("settings incomplete:\n  GOOGLE_API_KEY is required")
        self.api = Api(key, os.getenv("REDDIT_CLIENT_ID"), os.getenv("REDDIT_CLIENT_SECRET"))
        self.base = Path(os.environ["OUTPUT_DIR"])
        self.folder = self.base

    def set_job_context(self, job_id: str) -> None:
        """Make the folder of a project."""
        self.folder = self.base / job_id
        for name in ("audio", "images", "videos", "checkpoints"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
