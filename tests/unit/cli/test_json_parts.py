"""A long JSON document is written piece by piece, as it would be written whole."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from gt_common.cli.json_output import json_parts

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _VALUES, min_size=1, max_size=5))
def test_the_parts_are_those_of_the_whole_document(document: dict[str, object]) -> None:
    streamed = {name: iter(value) if isinstance(value, list) else value for name, value in document.items()}
    assert "".join(json_parts(streamed)) == json.dumps(document, indent=2) + "\n"
