"""What orchestrators print."""

from __future__ import annotations

from structlog.testing import capture_logs

from gt_common.log import log_context
from gt_consumer.processes.output_log import BURST, OutputLog


def test_lines_carry_their_story_and_are_cut() -> None:
    output = OutputLog()
    with log_context({"batch_id": "b1", "story_id": "s1", "attempt": 2, "worker": "w"}):
        output.begin()
    with capture_logs() as logs:
        output.stdout(b"\x1b[31mred\x1b[0m 100% {done}\x07\xff")
        output.stderr("ä".encode() * 3000)
    assert logs[0]["event"] == "output_line_printed"
    assert (logs[0]["line"], logs[0]["stream"]) == ("red 100% {done}\ufffd", "stdout")
    assert [logs[0][key] for key in ("batch_id", "story_id", "attempt", "worker")] == ["b1", "s1", 2, "w"]
    assert (len(logs[1]["line"]), logs[1]["stream"]) == (1001, "stderr")


def test_a_flood_is_thinned_out_and_counted() -> None:
    now = 0.0
    output = OutputLog(clock=lambda: now)
    output.begin()
    with capture_logs() as logs:
        for _ in range(BURST + 300):
            output.stderr(b"again")
        assert len(logs) == BURST
        now += 1.0
        output.stderr(b"after")
    dropped, after = logs[BURST:]
    assert (dropped["event"], dropped["count"]) == ("output_lines_dropped", 300)
    assert after["line"] == "after"
    assert output.tail(2) == "again\nafter"


def test_the_tail_is_of_standard_error_and_of_this_story() -> None:
    output = OutputLog()
    output.begin()
    output.stderr(b"old")
    output.begin()
    output.stdout(b"out")
    assert output.tail() == ""
    for number in range(100):
        output.stderr(b"%d" % number)
    assert output.tail().splitlines() == [str(number) for number in range(60, 100)]
