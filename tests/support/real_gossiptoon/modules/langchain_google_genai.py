"""A language model that writes the same script for every story; it asks the stand-in service first."""

from __future__ import annotations

import importlib
import json
import os
import re
import urllib.error
import urllib.request

from langchain_core.runnables import RunnableLambda

ACTS = ("hook", "build", "crisis", "climax", "resolution")
SCENES = 2


class HarmBlockThreshold:
    """Thresholds that are named in calls."""

    BLOCK_NONE = "none"
    BLOCK_ONLY_HIGH = "high"
    OFF = "off"


class HarmCategory:
    """Categories that are named in calls."""

    HARM_CATEGORY_DANGEROUS_CONTENT = 1
    HARM_CATEGORY_HATE_SPEECH = 2
    HARM_CATEGORY_HARASSMENT = 3
    HARM_CATEGORY_SEXUALLY_EXPLICIT = 4


class ModelError(Exception):
    """The model refused a call."""


class ChatGoogleGenerativeAI:
    """A model that takes any settings."""

    def __init__(self, **_settings: object) -> None:
        pass

    def with_structured_output(self, kind: type) -> object:
        """Return something that answers with an object of a kind."""

        def answer(messages: object) -> object:
            asked = _text(messages)
            _pay(kind.__name__, asked)
            return kind.model_validate(_content(kind.__name__, asked))  # type: ignore[attr-defined]

        return RunnableLambda(answer)


def _text(messages: object) -> str:
    parts = messages if isinstance(messages, list) else getattr(messages, "to_messages", list)()
    return "\n".join(str(getattr(part, "content", part)) for part in parts)


def _pay(kind: str, asked: str) -> None:
    url = f"{os.environ['STAND_INS']}/model/{kind}"
    try:
        with urllib.request.urlopen(url, data=asked.encode(), timeout=60) as response:  # noqa: S310 - loopback
            response.read()
    except urllib.error.HTTPError as error:
        told = json.loads(error.read())["error"]
        delay = told["details"][0]["retryDelay"].rstrip("s")
        raise ModelError(f"429 {told['message']} [retry_delay {{\n  seconds: {delay}\n}}]") from None


def _content(kind: str, asked: str) -> object:
    if kind == "Act":
        named = re.findall(r'"act_type": "(\w+)"', asked)
        return _act(named[-1] if named else ACTS[0])
    hook = {
        "text": "Am I wrong?",
        "scene_id": "hook_0",
        "timing": 0.5,
        "style": "question",
        "reasoning": "it asks",
    }
    contents: dict[str, object] = {
        "Script": _script(),
        "CoherenceResult": {"is_coherent": True},
        "EngagementProject": {"strategy": "ask", "hooks": [{**hook, "hook_id": name} for name in "ab"]},
        "YouTubeMetadata": {"title": "The fence", "description": "It is green.", "tags": ["fence"]},
    }
    return contents[kind]


def _script() -> dict[str, object]:
    person = importlib.import_module("gossiptoon.models.script").CharacterProfile.model_fields
    return {
        "script_id": "script_1",
        "story_id": "story_1",
        "title": "The fence that changed its colour",
        "acts": [_act(name) for name in ACTS],
        "total_estimated_duration": 70.0,
        "character_profiles": [dict.fromkeys(person, "Nora")],
    }


def _act(name: str) -> dict[str, object]:
    scenes = [_scene(f"{name}_{number}", number) for number in range(SCENES)]
    return {"act_type": name, "target_duration_seconds": 14.0, "scenes": scenes}


def _scene(name: str, order: int) -> dict[str, object]:
    text = f"The fence was green again in {name}."
    chunk = {
        "chunk_id": f"{name}_n",
        "chunk_type": "narration",
        "speaker_id": "Narrator",
        "text": text,
        "director_notes": "a calm and slightly annoyed voice",
        "estimated_duration": 3.0,
    }
    return {
        "scene_id": name,
        "order": order,
        "narration": text,
        "audio_chunks": [chunk],
        "emotion": "neutral",
        "visual_description": f"A green wooden fence in the morning sun, seen in {name}",
        "characters_present": ["Nora"],
        "estimated_duration_seconds": 7.0,
    }
