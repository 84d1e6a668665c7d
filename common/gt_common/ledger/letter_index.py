"""Which stories have a letter: the conditions of the indexes in which they are found without their events."""

from __future__ import annotations

from typing import Final

# In the JSON of an event quotes within a text are escaped, so these can only be fields, of whatever object.
_LETTER: Final = "'%\"letter\":{%'"
_MAY_HAVE_ONE: Final = "status IN ('cancelled', 'failed')"
HAS_LETTER: Final = f"{_MAY_HAVE_ONE} AND event LIKE {_LETTER}"
HAS_NO_LETTER: Final = f"{_MAY_HAVE_ONE} AND event NOT LIKE {_LETTER}"
"""A query must have the same words for SQLite to use an index: it compares them, and not what they mean.

Where an index is used, no event is looked at: the database did that when it stored the story.
"""
