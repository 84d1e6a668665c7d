"""A renderer behind a REST interface as the orchestrator: submit a job, wait for it, download its video.

    --orchestrator 'command:python3 rest.py http://127.0.0.1:8000 {title} {text_file} {project_id}'

The job's id is the project: a run that is killed or stopped while it waits is resumed at the same job, so the
renderer is paid once. Change `submit`, `look` and `download` to the paths and names of your renderer.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from shutil import copyfileobj

TIMEOUT_S = 30.0
TRY_AGAIN_LATER = 75


def call(url: str, body: dict[str, str] | None = None) -> dict[str, object]:
    """Send a request with a JSON body, or GET without one; return the JSON answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
        found: dict[str, object] = json.load(answer)
        return found


def submit(base: str, title: str, text: str) -> str:
    """Submit a story; return the id of its job."""
    return str(call(f"{base}/videos", {"title": title, "text": text})["id"])


def look(base: str, job: str) -> dict[str, object]:
    """Return the state of a job: `state` is queued, rendering, done or failed."""
    return call(f"{base}/videos/{job}")


def download(base: str, job: str) -> None:
    """Download the video of a job."""
    source = f"{base}/videos/{job}/file"
    with (
        urllib.request.urlopen(source, timeout=TIMEOUT_S) as answer,  # noqa: S310
        Path("video.mp4").open("wb") as video,
    ):
        copyfileobj(answer, video)


def say(**message: object) -> None:
    """Print a message to the worker."""
    print(json.dumps(message), flush=True)


def main(base: str, title: str, text_file: str, job: str) -> None:
    """Make the video of one story."""
    if not job:
        say(stage="submit")
        job = submit(base, title, Path(text_file).read_text())
        say(project_id=job)
    while (state := look(base, job))["state"] not in {"done", "failed"}:
        say(stage=state["state"], fraction=state.get("progress"))
        time.sleep(0.5)
    if state["state"] == "failed":
        sys.exit(f"job {job}: {state.get('error')}")
    say(stage="download")
    download(base, job)
    say(output_path="video.mp4")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except urllib.error.HTTPError as error:
        # Its delay in words is understood: no attempt is used up.
        wait = error.headers.get("Retry-After")
        print(
            f"HTTP {error.code} {error.reason}" + (f", retry after {wait} s" if wait else ""), file=sys.stderr
        )
        sys.exit(TRY_AGAIN_LATER if error.code in {429, 500, 502, 503, 504} else 1)
    except OSError as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        sys.exit(TRY_AGAIN_LATER)
