"""gt-studio: its command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli.app import epilog, make_app, run_configured
from gt_common.errors import ExitCode

if TYPE_CHECKING:
    from gt_common.settings import Settings

app = make_app(
    "The built-in pipeline by hand: the script of a story, to correct; a look at its pictures; the video.",
    epilog(
        "gt-studio script story.md\ngt-studio preview script.json\ngt-studio render script.json -o film.mp4"
    ),
)


@app.command(
    "script",
    epilog=epilog(
        "gt-studio script story.md\ngt-studio script https://www.reddit.com/r/tifu/comments/abc1/ -o a.json",
        meanings={
            ExitCode.USAGE: "usage error, or the story cannot be told: the reason is printed",
            ExitCode.UNREACHABLE: "Reddit does not answer",
            ExitCode.CREDENTIALS: "Reddit credentials missing or refused",
        },
    ),
)
def write_script(
    story: Annotated[
        str, typer.Argument(metavar="STORY", help="Reddit post or story file (.md, .txt, .json).")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")] = Path(
        "script.json"
    ),
    max_words: Annotated[
        int | None,
        typer.Option(
            "--max-words",
            metavar="N",
            help="Words at most, 30 to 1000. (default: as in videos)",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the script of a story: who is in it, and who says what, in which mood, where, in which shot.

    The file is made to be edited; docs/studio.md lists its words. Its path is printed.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.studio import command  # --help stays fast

        return command.script(story, output, settings, max_words)

    run_configured("gt-studio", work)


_SET = typer.Option(
    "--set", metavar="NAME=VALUE", help="Option of the studio, such as speed=1.2 or preview=true; repeatable."
)


@app.command(
    "render",
    epilog=epilog(
        "gt-studio render script.json -o film.mp4\ngt-studio render script.json --from-stage panels",
        meanings={
            ExitCode.USAGE: "usage error, or the script is wrong: each place is named",
            ExitCode.SOME_FAILED: "a stage failed; the same command continues with what is done",
        },
    ),
)
def render_script(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT", help="A script.json, edited or not.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The MP4. (default: called like the title)",
            show_default=False,
        ),
    ] = None,
    from_stage: Annotated[
        str | None,
        typer.Option(
            "--from-stage",
            metavar="STAGE",
            help="Run this stage and those after it again: voice, panels or render.",
            show_default=False,
        ),
    ] = None,
    options: Annotated[list[str] | None, _SET] = None,
) -> None:
    """Make the video of a script, with subtitles, thumbnail, credits and the text for posting beside it.

    What the stages leave is kept in a hidden folder beside the video, and used again if nothing has changed.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.studio import command

        del settings
        return command.render(script, output, options or [], command.check_stage(from_stage))

    run_configured("gt-studio", work)


@app.command(
    "preview",
    epilog=epilog("gt-studio preview story.md\ngt-studio preview script.json -o sheet.png"),
)
def preview_film(
    source: Annotated[str, typer.Argument(metavar="STORY|SCRIPT", help="A story, or a script.json.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The contact sheet, .png or .jpg.")
    ] = Path("preview.png"),
    options: Annotated[list[str] | None, _SET] = None,
) -> None:
    """Draw a contact sheet of all pictures in a few seconds, without speaking a word. Its path is printed."""

    def work(settings: Settings) -> int:
        from gt_consumer.studio import command

        return command.preview(source, output, options or [], settings)

    run_configured("gt-studio", work)
