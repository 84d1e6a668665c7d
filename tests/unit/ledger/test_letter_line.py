"""A dead letter looks the same in a list whether it was read in full or not."""

from __future__ import annotations

import pytest

from gt_common import redaction
from gt_common.ledger.letter_line import NO_ERROR, read_letter_line
from gt_common.messages import AttemptError, Replay, StoryMessage, encode, utc_now
from gt_common.messaging.dead_letters import failed_event_of
from gt_consumer.deadletters.display.documents import failed_row, row
from gt_consumer.deadletters.display.tables import letter_row
from gt_consumer.deadletters.ledger_view import KnownLetter, line_of
from gt_consumer.deadletters.selection import last_failure
from support.samples.dead_letters import FIRST, make_error, make_letter, make_story

_SECRET = "hunter2-hunter2"


def _many_errors() -> StoryMessage:
    errors = [AttemptError(**{**dict(make_error(1, message=f"no {n}")), "attempt": n}) for n in (1, 2, 3)]
    return make_story(1).model_copy(update={"errors": tuple(errors[:2])}).dead(errors[2])


@pytest.mark.parametrize(
    "letter",
    [
        make_letter(1),
        make_letter(2, kind="OSError", message="disk  gone \u001b[31m", stage=None),
        make_letter(3, message=f"password={_SECRET} at the end of {'a long text, ' * 200}"),
        make_letter(4, message=f"a new secret: {_SECRET}"),
        _many_errors(),
        make_letter(5).model_copy(update={"attempt": 4}),  # made by the broker after a worker was lost
        make_letter(6).model_copy(
            update={"generation": 2, "replays": (Replay(at=utc_now(), by="anna"),), "died_at": None}
        ),
    ],
)
def test_the_line_of_a_letter(letter: StoryMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    event = failed_event_of(letter)
    body = encode(event).decode()
    monkeypatch.setattr(redaction, "_secrets", [])
    redaction.hide(_SECRET)
    full = type(event).model_validate_json(body)
    assert full.letter is not None
    line = read_letter_line(body)
    assert line is not None
    assert failed_row(line) == row(KnownLetter(full.letter, full))
    assert letter_row(line) == letter_row(line_of(full.letter))
    assert _SECRET not in str(line)


def test_a_letter_that_names_no_error() -> None:
    letter = make_story(1).model_copy(update={"died_at": FIRST})
    body = '{"letter": ' + encode(letter).decode() + "}"
    line = read_letter_line(body)
    assert line is not None
    assert (line.failure.type, line.failure.message) == ("unknown", NO_ERROR)
    assert line.failure.fingerprint == last_failure(letter).fingerprint
    assert read_letter_line("{}") is None
