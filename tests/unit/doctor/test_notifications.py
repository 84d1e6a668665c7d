"""gt-doctor checks the addresses of notifications and sends nothing."""

from __future__ import annotations

from gt_common.settings import load_settings
from gt_consumer.doctor.finding import Level, tried
from gt_consumer.doctor.machine import look_at_notifications


def test_nobody_to_tell_is_fine() -> None:
    (found,) = look_at_notifications(load_settings())
    assert (found.level, found.says) == (Level.OK, "none; to get some, set GT_NOTIFY")


def test_targets_are_named_without_their_addresses() -> None:
    # Nothing listens on this port, and nobody asks.
    (found,) = look_at_notifications(load_settings(notify="json://127.0.0.1:1/hook,jsons://127.0.0.1:1/hook"))
    assert found.level is Level.OK
    assert found.says.startswith("go to json-")
    assert ", jsons-" in found.says
    assert "127.0.0.1" not in found.says


def test_an_address_that_is_none_fails_with_the_way_to_fix_it() -> None:
    (found,) = tried("notifications", look_at_notifications, load_settings(notify="nobody"))
    assert found.level is Level.FAIL
    assert found.says == "GT_NOTIFY: address 1 does not begin with the name of a service, as in tgram://"
    assert found.cure == "see docs/notifications.md"
