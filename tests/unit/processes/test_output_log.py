"""What orchestrators print."""

from __future__ import annotations

from structlog.testing import capture_logs

from gt_consumer.processes.output_log import BURST, OutputLog


def test_lines_carry_their_story_and_are_cut() -> None:
    output = OutputLog()
    output.begin("b1", "s1")
    with capture_logs() as logs:
        output.stdout(b"\x1b[31mred\x1b[0m 100% {done}\x07\xff")
        output.stderr("ä".encode() * 3000)
    assert logs[0]["event"] == "red 100% {done}\ufffd"
    assert (logs[0]["batch_id"], logs[0]["story_id"], logs[0]["stream"]) == ("b1", "s1", "stdout")
    assert (len(logs[1]["event"]), logs[1]["stream"]) == (1001, "stderr")


def test_a_flood_is_thinned_out_and_counted() -> None:
    now = 0.0
    output = OutputLog(clock=lambda: now)
    output.begin("b1", "s1")
    with capture_logs() as logs:
        for _ in range(BURST + 300):
            output.stderr(b"again")
        assert len(logs) == BURST
        now += 1.0
        output.stderr(b"after")
    assert [entry["event"] for entry in logs[BURST:]] == ["300 lines of output left out", "after"]
    assert output.tail(2) == "again\nafter"


def test_the_tail_is_of_standard_error_and_of_this_story() -> None:
    output = OutputLog()
    output.begin("b1", "s1")
    output.stderr(b"old")
    output.begin("b1", "s2")
    output.stdout(b"out")
    assert output.tail() == ""
    for number in range(100):
        output.stderr(b"%d" % number)
    assert output.tail().splitlines() == [str(number) for number in range(60, 100)]
