"""Errors of the studio that another attempt may not have; what can never work is a `PermanentError`."""

from __future__ import annotations

from gt_common.errors import GossipToonError


class StudioError(GossipToonError):
    """The studio could not finish the video; another attempt may succeed."""


class EncoderError(StudioError):
    """ffmpeg failed; check the free disk space, and that ffmpeg has libx264 and aac."""


class VoiceError(StudioError):
    """The voice gave no usable sound."""
