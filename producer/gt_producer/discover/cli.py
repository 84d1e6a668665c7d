"""gt-discover: finds stories on Reddit that are worth a video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_command
from gt_common.discovery.options import DEFAULT_SUBREDDITS, DiscoverOptions, TimeFilter, parse_subreddits
from gt_common.errors import ExitCode

app = make_app()
_DEFAULTS = DiscoverOptions()
_EVERYWHERE = ",".join(DEFAULT_SUBREDDITS)

BlockWords = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Further words to avoid, one a line; star* at the end."),
]
NoQuality = Annotated[bool, typer.Option("--no-quality", help="Rank by upvotes, comments and age alone.")]
NoBlocklist = Annotated[
    bool, typer.Option("--no-blocklist", help="Turn the built-in list of themes to avoid off.")
]
Known = Annotated[bool, typer.Option("--known", help="Stories that the ledger knows already too.")]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Ask Reddit although it was asked within the hour.")
]
UrlList = Annotated[
    bool, typer.Option("--urls", help="A list for gt-produce -f -; so it is when piped, too.")
]
Json = Annotated[bool, typer.Option("--json", help="A JSON array of objects.")]
Subreddits = Annotated[str, typer.Option(metavar="A,B", help="Communities; AITA stands for AmItheAsshole.")]
TimeFrame = Annotated[TimeFilter, typer.Option(help="The best posts of the last …")]
MinComments = Annotated[int, typer.Option(metavar="N", help="Comments, at least.")]
MinLength = Annotated[int, typer.Option(metavar="N", help="Characters of the text.")]
MaxLength = Annotated[int, typer.Option(metavar="N", help="Characters of the text.")]
Depth = Annotated[int, typer.Option(metavar="N", help="Posts to look at in each community, 100 to 1000.")]


@app.command(
    epilog=epilog(
        "gt-discover --subreddits AITA,tifu --limit 10 | gt-produce -f -",
        ExitCode.CREDENTIALS,
        meanings={ExitCode.UNREACHABLE: "Reddit or ledger unreachable"},
    )
)
def discover(
    subreddits: Subreddits = _EVERYWHERE,
    time_filter: TimeFrame = _DEFAULTS.time_filter,
    limit: Annotated[int, typer.Option(metavar="N", help="Stories to give, at most.")] = _DEFAULTS.limit,
    min_upvotes: Annotated[int, typer.Option(metavar="N", help="Upvotes, at least.")] = _DEFAULTS.min_upvotes,
    min_comments: MinComments = _DEFAULTS.min_comments,
    min_length: MinLength = _DEFAULTS.min_length,
    max_length: MaxLength = _DEFAULTS.max_length,
    depth: Depth = _DEFAULTS.depth,
    nsfw: Annotated[bool, typer.Option("--nsfw", help="Posts marked not safe for work too.")] = False,
    no_quality: NoQuality = False,
    no_blocklist: NoBlocklist = False,
    block_words: BlockWords = None,
    known: Known = False,
    no_cache: NoCache = False,
    as_json: Json = False,
    urls: UrlList = False,
    _version: Version = False,
) -> None:
    """Find stories on Reddit, best first: score = (upvotes + 2 x comments) / sqrt(hours), times quality.

    The credentials of your Reddit app are read from GT_REDDIT_CLIENT_ID and GT_REDDIT_CLIENT_SECRET, in the
    environment or in .env.
    """

    def work() -> int:
        from gt_producer.discover.printing import run  # --help stays fast

        options = DiscoverOptions(
            subreddits=parse_subreddits(subreddits),
            time_filter=time_filter,
            limit=limit,
            min_upvotes=min_upvotes,
            min_comments=min_comments,
            min_length=min_length,
            max_length=max_length,
            nsfw=nsfw,
            quality=not no_quality,
            blocklist=not no_blocklist,
            block_words=block_words,
            known=known,
            cache=not no_cache,
            depth=depth,
        )
        return run(options, as_json=as_json, urls=urls)

    run_command("gt-discover", work)
