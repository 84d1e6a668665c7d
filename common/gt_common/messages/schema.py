"""JSON Schemas of what is sent through the broker, made from the models that read it.

A schema may be stricter than the reader, which also takes numbers as texts and repairs what it can, but never
more lenient about the fields of a message. It cannot say that a body has at most 256 KiB.
"""

from __future__ import annotations

from typing import Annotated, Final, get_args

from pydantic import BaseModel, Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from gt_common.messages.events import Event
from gt_common.messages.story import StoryMessage

STORY: Final = "story"
EVENT: Final = "event"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TIME = (
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"[Tt ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$"
)
_KINDS: Final[dict[str, type[BaseModel]]] = {
    str(kind.model_fields["type"].default): kind for kind in get_args(Event)
}

NAMES: Final = (STORY, EVENT, *_KINDS)
"""What there is a schema of: a story, any event, and each type of event."""


class _Generator(GenerateJsonSchema):
    """A generator that also asks for the zone of a time and for the type of an event."""

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        """Return the schema of a time."""
        return super().datetime_schema(schema) | {"pattern": _TIME}

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        """Whether a field must be there: also the type, which the models fill in for their own program."""
        inner = field["schema"]
        named = inner["schema"] if inner["type"] == "default" else inner
        is_type = named["type"] == "literal" and set(named["expected"]) <= set(_KINDS)
        return is_type or super().field_is_required(field, total)


def schema_of(name: str) -> dict[str, object]:
    """Return the JSON Schema of one of `NAMES`.

    Raises:
        KeyError: there is none of this name
    """
    adapter: TypeAdapter[object]
    if name == STORY:
        adapter = TypeAdapter(StoryMessage)
    elif name == EVENT:
        adapter = TypeAdapter(Annotated[Event, Field(discriminator="type")])
    else:
        adapter = TypeAdapter(_KINDS[name])
    schema = adapter.json_schema(schema_generator=_Generator)
    return {"$schema": DIALECT, "$id": f"urn:gossiptoon:{name}:1", **schema}
