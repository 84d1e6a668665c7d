"""The addresses in GT_NOTIFY: split, checked, named without giving anything away, and hidden."""

from __future__ import annotations

import sys

import pytest

from gt_common.errors import UsageError
from gt_common.notify.targets import digests, open_targets
from gt_common.redaction import redact
from gt_common.settings import Settings, load_settings

TELEGRAM = "tgram://123456789:AAbbCCddEE-ffGGhhIIjj_KKllMMnnOOpp1/98765"


def settings(notify: str) -> Settings:
    return load_settings(notify=notify)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ()),
        ("json://a/", ("json://a/",)),
        ("json://a/,json://b/", ("json://a/", "json://b/")),
        (" json://a/ ,\n json://b/, ", ("json://a/", "json://b/")),
        ("json://a/ json://a/", ("json://a/",)),
        ("mailto://x?to=a@b.c,d@e.f,json://b/", ("mailto://x?to=a@b.c,d@e.f", "json://b/")),
    ],
)
def test_addresses_are_separated_by_commas_before_the_next_one(given: str, expected: tuple[str, ...]) -> None:
    assert settings(given).notify_urls == expected


def test_targets_have_names_that_tell_them_apart_and_nothing_else() -> None:
    given = settings(f"{TELEGRAM},json://hooks.example/one,jsons://anna:s3cretWord@hooks.example/two")
    found = open_targets(given)
    assert [target.name.split("-")[0] for target in found] == ["tgram", "json", "jsons"]
    assert tuple(target.digest for target in found) == digests(given)
    assert len(set(digests(given))) == 3
    assert all(target.name.endswith(f"-{target.digest[:6]}") for target in found)


def test_nobody_is_told_without_the_setting() -> None:
    assert open_targets(load_settings()) == ()
    assert digests(load_settings()) == ()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("nonsense", "address 1 does not begin with the name of a service"),
        ("json://ok/,foo://bar", "address 2 does not begin with the name of a service"),
        ("tgram://abcdefgh", "address 1 is not complete, or has a wrong key, for tgram://"),
        ("json://", "address 1 is not complete"),
        (",".join(f"json://host{n}/" for n in range(21)), "21 addresses are too many; 20 is the limit"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_by_its_place(given: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as refused:
        open_targets(settings(given))
    assert "abcdefgh" not in str(refused.value)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UsageError, match=r"pip install 'gt-common\[notify\]'"):
        open_targets(settings("json://host/"))


@pytest.mark.parametrize(
    ("url", "secret", "harmless"),
    [
        (TELEGRAM, "AAbbCCddEE-ffGGhhIIjj_KKllMMnnOOpp1", "tgram"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord"),
        ("mailto://anna:horsebattery@example.com?to=bob@example.org", "horsebattery", "example.com"),
        ("json://hooks.example/videos?token=staplecorrect", "staplecorrect", "hooks.example"),
        ("json://hooks.example/videos?+X-Videos=lowercaseword", "lowercaseword", "hooks.example"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", "T1JJ3T3L2", "#general"),
    ],
)
def test_an_address_and_its_keys_are_removed_from_every_text(url: str, secret: str, harmless: str) -> None:
    settings(url)
    assert redact(f"cannot reach {url} now") == "cannot reach *** now"
    assert redact(f"wrong key {secret} for {harmless}") == f"wrong key *** for {harmless}"
