"""gt-produce that is stopped before it has published anything."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.broker

GT_PRODUCE = str(Path(sys.executable).with_name("gt-produce"))


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"])
async def test_it_says_that_nothing_was_published(
    environment: dict[str, str], tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    # The list is a pipe: once it is open for writing, gt-produce is about to read it.
    pipe = tmp_path / "list.pipe"
    os.mkfifo(pipe)
    process = await asyncio.create_subprocess_exec(
        GT_PRODUCE, "-f", str(pipe), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        writer = await asyncio.to_thread(os.open, pipe, os.O_WRONLY)
        process.send_signal(sent)
        output, errors = await process.communicate()
        os.close(writer)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert (process.returncode, output) == (code, b"")
    assert errors.decode().splitlines() == ["nothing was published: stopped while the list was being checked"]
