"""Rows of a JSON document that wait on the disk are printed as if all had been in memory."""

from __future__ import annotations

import json

import pytest

from gt_consumer.deadletters.display import printing
from gt_consumer.deadletters.display.documents import Document
from gt_consumer.deadletters.display.printing import Rows, print_json


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("after", [{}, {"replayed": [{"story": "s"}], "unreadable": []}])
@pytest.mark.parametrize("in_memory", [printing._IN_MEMORY, 1])
def test_a_document_with_rows_is_printed_as_without(
    count: int,
    after: Document,
    in_memory: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(printing, "_IN_MEMORY", in_memory)
    found: list[Document] = [
        {"title": f'"ä"\n{number}', "errors": [{"n": number}], "tags": {}} for number in range(count)
    ]
    print_json({"schema": 1, "letters": [*found], **after})
    expected = capsys.readouterr().out
    with Rows() as rows:
        for row in found:
            rows.add(row)
        rows.print_within({"schema": 1}, "letters", after)
    assert capsys.readouterr().out == expected
    assert json.loads(expected)["letters"] == found
