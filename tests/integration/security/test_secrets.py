"""Planted passwords: looked for in everything that the commands print, store, publish or write."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql
from yarl import URL

from gt_common.messaging.browse import browse
from gt_common.messaging.names import Names
from gt_common.settings import Settings
from support.fleet import BIN, TESTS

pytestmark = [pytest.mark.broker, pytest.mark.postgres]

Env = dict[str, str]
BROKER, LEDGER, REDDIT, KEY = "br0ker+Geheim!x", "l3dger,Geheim&y", "r3ddit-Geheim-z", "k3y_Geheim_of_gemini"
BASIC, OTHER, WORDS, IN_URL = "dXNlcjpHZWhlaW0hMQ==", "ghp_Geheim123456", "zweites_Geheim", "AIzaSyGeheim-2"
STRANGE = (
    f"{{'Authorization': 'Basic {BASIC}'}}",
    f"authorization: token {OTHER}",
    f"password = 'erstes {WORDS}'",
    f"https://host.example/v1?alt=sse&key={IN_URL}",
)
"""Texts with secrets that no setting tells of, so that only their form gives them away."""
PLAIN = (BROKER, LEDGER, REDDIT, KEY, BASIC, OTHER, WORDS, IN_URL)
SECRETS = tuple(form for plain in PLAIN for form in (plain, quote(plain, safe="")))
LOOKS = (
    "gt-report b1",
    "gt-report b1 --json",
    "gt-report b1 --csv",
    "gt-report b1 --markdown",
    "gt-report b1 --html report.html",
    "gt-dlq list",
    "gt-dlq list --json",
    "gt-dlq groups",
    "gt-dlq export",
)


@pytest.fixture
def planted(environment: Env, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Env:
    """Return an environment with a working password in every variable that takes one."""
    dead = f"amqp://guest:{quote(BROKER, safe='')}@127.0.0.1:1/"
    ledger = URL(postgres_url).with_password(LEDGER)
    leaks = tmp_path_factory.mktemp("leaks") / "leaks"
    known = [form for plain in (BROKER, LEDGER, REDDIT, KEY) for form in (plain, quote(plain, safe=""))]
    leaks.write_text("\n".join([dead, str(ledger), f"secret {REDDIT}", f"?key={KEY}", *STRANGE, *known]))
    return {
        **environment,
        "LEAKS": str(leaks),
        "GT_AMQP_URL": f"{dead},{environment['GT_AMQP_URL']}",
        "GT_LEDGER_URL": str(ledger),
        "GT_REDDIT_CLIENT_SECRET": REDDIT,
        "GEMINI_API_KEY": KEY,
        "GT_ORCHESTRATOR": "support.orchestrators.leaking:Leaking",
        "GT_MAX_ATTEMPTS": "2",
        "GT_LOG_LEVEL": "debug",
        "PYTHONPATH": str(TESTS),
    }


async def run(environment: Env, folder: Path, *command: str) -> tuple[int, str, str]:
    """Run a command to its end. Return its exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        str(BIN / command[0]),
        *command[1:],
        env=environment,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def stored(url: str) -> str:
    """Return every row of every table of a database as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [
            connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))).fetchall()
            for (table,) in tables
        ]
    return repr(rows)


def written(folder: Path) -> str:
    """Return the content of every file in a folder and its subfolders."""
    return "\n".join(
        path.read_bytes().decode("utf-8", "replace") for path in folder.rglob("*") if path.is_file()
    )


def leaks(texts: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return where each secret was found, with the text around it."""
    found = []
    for place, text in texts.items():
        for secret in SECRETS:
            at = text.find(secret)
            if at >= 0:
                found.append((place, secret, text[max(0, at - 200) : at + 60]))
    return found


async def test_planted_passwords_are_nowhere(
    settings: Settings, planted: Env, postgres_url: str, tmp_path: Path
) -> None:
    said: dict[str, str] = {}

    async def ran(code: int, *command: str) -> str:
        got, out, err = await run(planted, tmp_path, *command)
        said[" ".join(command)] = out + err
        assert got == code, (command, got, err)
        return out

    await ran(0, "gt-produce", "https://redd.it/aaa1", "--batch-id", "b1", "--json")
    await ran(1, "gt-consume", "--until-empty")
    await ran(0, "gt-aggregate", "--until-idle")
    await asyncio.gather(*(ran(0, *look.split()) for look in LOOKS))
    (result,) = json.loads(said["gt-report b1 --json"])["results"]
    await ran(0, "gt-dlq", "show", result["story_id"])
    await ran(1, "gt-batch", "https://redd.it/aaa2", "--batch-id", "b2", "--json")
    async with browse(settings, Names(settings.namespace).dlq, "test") as letters:
        said["queue"] = repr([(dict(letter.headers), letter.body.decode()) for letter in letters])
    said["ledger"] = await asyncio.to_thread(stored, postgres_url)
    said["files"] = await asyncio.to_thread(written, tmp_path)
    assert result["error"].startswith("no way to amqp://guest:***@")
    assert "could not use" in said["gt-consume --until-empty"], "what it printed is in the log"
    assert "story.retrying" in said["ledger"]
    assert "no way to" in said["queue"]
    assert "no way to" in said["files"], "the page is written"
    assert leaks(said) == []


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        ({"GT_AMQP_URL": f"amqp://guest:{quote(BROKER, safe='')}@127.0.0.1:1/"}, ["gt-consume"]),
        ({"GT_AMQP_URL": f"amqp://guest:{BROKER}@[half/"}, ["gt-aggregate"]),
        ({"GT_AMQP_URL": f"http://guest:{BROKER}@host/"}, ["gt-produce", "https://redd.it/a"]),
        ({"GT_LEDGER_URL": f"postgresql://u:{quote(LEDGER)}@127.0.0.1:1/x"}, ["gt-report"]),
        ({"GT_LEDGER_URL": f"mysql://u:{quote(LEDGER)}@127.0.0.1:1/x"}, ["gt-report"]),
        ({"GT_LEDGER_URL": f"postgresql://u:{quote(LEDGER)}@127.0.0.1:port/x"}, ["gt-dlq", "list"]),
        ({"GT_REDDIT_URL": f"ftp://u:{REDDIT}@h"}, ["gt-discover"]),
    ],
)
async def test_what_fails_tells_no_password(
    planted: Env, tmp_path: Path, changes: Env, command: list[str]
) -> None:
    code, out, err = await run(planted | changes, tmp_path, *command)
    assert code in {2, 3, 4}, err
    assert len(err.splitlines()) == 1
    assert leaks({"output": out + err}) == []
