"""gt-discover: command line."""

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
    typer.Option(metavar="FILE", help="More words to avoid, one per line; word* matches a prefix."),
]
NoQuality = Annotated[bool, typer.Option("--no-quality", help="Rank by upvotes, comments and age alone.")]
NoBlocklist = Annotated[
    bool, typer.Option("--no-blocklist", help="Ignore the built-in list of topics to avoid.")
]
Known = Annotated[bool, typer.Option("--known", help="Include stories that are already in the ledger.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Ignore answers cached within the last hour.")]
UrlList = Annotated[
    bool, typer.Option("--urls", help="Print URLs for `gt-produce -f -` (default when the output is piped).")
]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON array of objects.")]
Subreddits = Annotated[str, typer.Option(metavar="A,B", help="Subreddits; AITA means AmItheAsshole.")]
TimeFrame = Annotated[TimeFilter, typer.Option(help="Period of the best posts.")]
MinUpvotes = Annotated[int, typer.Option(metavar="N", help="Minimum number of upvotes.")]
MinComments = Annotated[int, typer.Option(metavar="N", help="Minimum number of comments.")]
MinLength = Annotated[int, typer.Option(metavar="N", help="Minimum length of the text in characters.")]
MaxLength = Annotated[int, typer.Option(metavar="N", help="Maximum length of the text in characters.")]
Depth = Annotated[int, typer.Option(metavar="N", help="Posts to check in each subreddit, 100 to 1000.")]


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
    limit: Annotated[int, typer.Option(metavar="N", help="Maximum number of stories.")] = _DEFAULTS.limit,
    min_upvotes: MinUpvotes = _DEFAULTS.min_upvotes,
    min_comments: MinComments = _DEFAULTS.min_comments,
    min_length: MinLength = _DEFAULTS.min_length,
    max_length: MaxLength = _DEFAULTS.max_length,
    depth: Depth = _DEFAULTS.depth,
    nsfw: Annotated[bool, typer.Option("--nsfw", help="Include posts marked not safe for work.")] = False,
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

    It needs a Reddit app: set GT_REDDIT_CLIENT_ID and GT_REDDIT_CLIENT_SECRET in the environment or .env.
    Since November 2025 Reddit approves new API apps by hand, so request access first: docs/discovery.md.
    """

    def work() -> int:
        from gt_producer.discover.command import discover_stories  # --help stays fast

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
        return discover_stories(options, as_json=as_json, urls=urls)

    run_command("gt-discover", work)
