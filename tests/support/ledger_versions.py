"""Ledgers of earlier versions: what this version's migrations added is taken away again."""

from __future__ import annotations

from alembic import command
from alembic.config import Config

from gt_common.ledger.ledger import Ledger
from gt_common.ledger.migrate import SCRIPTS


def take_back(ledger: Ledger, revision: str) -> None:
    """Make a ledger what an earlier version left.

    Parameters:
        revision: of its tables, such as `0003`
    """
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    with ledger._database.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
