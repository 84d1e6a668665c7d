"""Which lines of standard error become the message of a failure."""

from __future__ import annotations

import pytest

from gt_consumer.processes.error_lines import error_lines

# Node 20.20.2, `spawn("ffmpeg")` where there is none.
NODE = """node:events:497
      throw er; // Unhandled 'error' event
      ^

Error: spawn ffmpeg ENOENT
    at ChildProcess._handle.onexit (node:internal/child_process:286:19)
    at onErrorNT (node:internal/child_process:484:16)
Emitted 'error' event on ChildProcess instance at:
    at ChildProcess._handle.onexit (node:internal/child_process:292:12) {
  errno: -2,
  code: 'ENOENT',
  spawnargs: [
    '-v'
  ]
}

Node.js v20.20.2"""
JAVA = """starting
Exception in thread "main" java.lang.IllegalStateException: no voice
\tat Main.speak(Main.java:7)
\tat Main.run(Main.java:5)
\tat Main.main(Main.java:3)
Caused by: java.io.IOException: connection refused
\tat Main.connect(Main.java:11)"""
PYTHON = """Traceback (most recent call last):
  File "make.py", line 3, in <module>
    speak()
ValueError: no voice"""


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (NODE, "Error: spawn ffmpeg ENOENT"),
        (JAVA, 'Exception in thread "main" java.lang.IllegalStateException: no voice'),
        (PYTHON, "    speak()"),
        ("one\ntwo\nthree", "two"),
        ("  indented\n  all\n  of it", "  all"),
    ],
)
def test_a_message_begins_at_the_latest_with_the_error(text: str, first: str) -> None:
    lines = text.split("\n")
    found = error_lines(lines, 2)
    assert (found[0], found[-1]) == (first, lines[-1])


def test_nothing_is_found_in_nothing() -> None:
    assert error_lines([""], 5) == [""]
