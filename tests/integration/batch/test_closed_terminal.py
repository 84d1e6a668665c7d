"""The terminal of gt-batch is closed: the running story is finished, the others wait for --resume."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import termios
from functools import partial
from pathlib import Path

from gt_common.lifecycle import StoryStatus
from support.fleet import BIN, read_runs
from support.samples.batches import SCRIPTED, batch_state, gt_batch, no_broker, write_list
from support.waiting import until


async def test_what_runs_is_finished_and_resume_continues(tmp_path: Path) -> None:
    environment = no_broker(tmp_path)
    listed = write_list(tmp_path, [{"seconds": 2.0}, {}, {}])
    terminal, inner = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        BIN / "gt-batch",
        *("-f", str(listed), "--batch-id", "b1", *SCRIPTED),
        env=environment,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
        preexec_fn=partial(fcntl.ioctl, 0, termios.TIOCSCTTY, 0),
    )
    os.close(inner)
    await until(lambda: read_runs(tmp_path / "runs"), deadline=60)
    os.close(terminal)
    assert await asyncio.wait_for(process.wait(), 30) == 143
    state = batch_state(tmp_path, "b1")
    assert state.counts[StoryStatus.SUCCESS] == 1, "the story that ran was finished"
    assert state.counts[StoryStatus.QUEUED] == 2
    resumed = gt_batch(environment, "--resume", "b1")
    assert resumed.returncode == 0, resumed.stderr
