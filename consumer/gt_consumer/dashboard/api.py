"""The JSON documents of `gt-report --json`, for programs."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final, TextIO, cast

from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from gt_common.messages import utc_now
from gt_common.metrics.page import CONTENT_TYPE
from gt_common.report import json_out
from gt_common.report.building import WholeBatch
from gt_consumer.dashboard.board import board_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from gt_common.ledger.reader import LedgerReader

_IN_MEMORY: Final = 4 * 1024 * 1024
_AT_ONCE: Final = 64 * 1024


async def send_batches(request: Request) -> Response:
    """Send all batches, newest first, as `gt-report --json`."""
    from gt_consumer.report.batch_list import batches_document

    board = board_of(request)
    currency = board.settings.currency
    return JSONResponse(await board.books.read(lambda ledger: batches_document(ledger, currency)))


async def send_batch(request: Request) -> Response:
    """Send a batch with all its stories, as `gt-report ID --json`.

    Raises:
        NoSuchBatchError: the ledger does not know it
    """
    board, batch_id = board_of(request), str(request.path_params["batch_id"])
    currency = board.settings.currency

    def write(ledger: LedgerReader) -> SpooledTemporaryFile[str]:
        file = SpooledTemporaryFile[str](_IN_MEMORY, "w+", encoding="utf-8", newline="")
        try:
            with ledger.snapshot(batch_id) as snapshot:
                batch = WholeBatch.of_snapshot(snapshot, currency)
                json_out.write(batch, utc_now(), cast("TextIO", file))
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    return StreamingResponse(_parts(await board.books.read(write)), media_type="application/json")


def _parts(file: SpooledTemporaryFile[str]) -> Iterator[str]:
    with file:
        while part := file.read(_AT_ONCE):
            yield part


async def send_metrics(request: Request) -> Response:
    """Send the figures of the fleet in Prometheus' text format."""
    return Response(await board_of(request).metrics.page(), media_type=CONTENT_TYPE)


async def say_healthy(_: Request) -> Response:
    """Return that the process answers; nothing of what it knows."""
    return PlainTextResponse("ok\n")
