"""``imgsvc warm``: have pictures and logos in the store before anybody asks for them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.decorators import pass_meta_key

from imgsvc.commands import EXIT_FAILED, EXIT_INTERRUPTED, READY, Ready, examples, fail
from imgsvc.commands.output import write_json

if TYPE_CHECKING:
    from imgsvc.commands.lines import Plan, Warmed
    from imgsvc.commands.tally import Tally
    from imgsvc.settings import Settings

STANDARD_INPUT = "-"
FORMATS = ("auto", "avif", "webp", "png", "jpg")


@click.command(
    "warm",
    short_help="Have pictures and logos in the store before anybody asks.",
    epilog=examples(
        "warm pages.txt --width 640 --width 1080", "warm pages.txt --theme none --theme dark --again --json"
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True))
@click.option(
    "--width", "widths", type=click.IntRange(1, 8192), multiple=True, metavar="PX",
    help="Of pictures: make this width as well; as often as needed. Without it: the original alone.",
)  # fmt: skip
@click.option(
    "--size", "sizes", type=click.IntRange(16, 1024), multiple=True, default=(128,), show_default=True, metavar="PX",
    help="Of logos: side of the square; as often as needed.",
)  # fmt: skip
@click.option(
    "--theme", "themes", type=click.Choice(("none", "light", "dark")), multiple=True, default=("none",),
    show_default=True, help="Of logos: the page they are for; as often as needed.",
)  # fmt: skip
@click.option(
    "--format", "formats", type=click.Choice(FORMATS), multiple=True, default=("auto",), show_default=True,
    help="auto is what a browser gets that takes AVIF and WebP; as often as needed.",
)  # fmt: skip
@click.option(
    "--at-once", type=click.IntRange(1, 64), default=4, show_default=True, metavar="N", help="Lines worked on at once."
)
@click.option(
    "--state", metavar="PATH", type=click.Path(dir_okay=False),
    help="Where lines that are done are noted; FILE.warmed unless said, nowhere for standard input.",
)  # fmt: skip
@click.option("--again", is_flag=True, help="Warm lines as well that are done.")
@click.option("--json", is_flag=True, help="Write the counts, and every failure, as JSON instead of the summary.")
@pass_meta_key(READY)
def warm(
    ready: Ready, /, file: str, state: str | None, at_once: int, *, again: bool, json: bool, **options: Any
) -> None:
    """
    Put what FILE names into the store: in each line a domain, whose logo is meant, or a picture's http(s) URL.

    Empty lines and those that begin with # are passed over; - is standard input. Lines that are done are noted, and
    passed over the next time; those that failed are tried again. Ctrl-C ends it, and the next run goes on from there.

    URLs need neither a signature nor a place in IMGSVC_ALLOWED_HOSTS, and no rate limit counts; everything else that
    keeps the service from a URL holds. Exit code 1: something failed; 2: the settings or the command line make no
    sense; 130: interrupted.
    """
    from imgsvc.commands.lines import Plan, StateError, Warmed  # noqa: PLC0415 - see the package

    settings, lines, plan = ready(), _lines(file), Plan(**options)
    from imgsvc.commands.tally import Tally  # noqa: PLC0415

    try:
        with Warmed(_state_path(file, state)) as warmed:
            left = [line for line in lines if again or plan.entry(line) not in warmed.entries]
            tally = Tally(skipped=len(lines) - len(left))
            is_whole = not left or _ran(settings, plan, left, warmed, tally, at_once)
    except StateError as error:
        fail([str(error)], EXIT_FAILED)
    if json:
        write_json(tally.facts(is_whole=is_whole))
    else:
        click.echo("\n".join(tally.summary(is_whole=is_whole)))
    sys.exit((EXIT_FAILED if tally.failures else 0) if is_whole else EXIT_INTERRUPTED)


def _lines(file: str) -> tuple[str, ...]:
    from imgsvc.commands.lines import read_lines  # noqa: PLC0415 - see the package

    if file == STANDARD_INPUT and sys.stdin is None:
        fail(["standard input is closed: name a file"])
    try:
        with click.open_file(file, encoding="utf-8-sig") as opened:
            return read_lines(opened)
    except (OSError, UnicodeDecodeError) as error:
        fail([f"{file}: cannot be read as text: {error}"])


def _state_path(file: str, state: str | None) -> Path | None:
    if state is not None:
        return Path(state)
    return None if file == STANDARD_INPUT else Path(f"{file}.warmed")


def _ran(settings: "Settings", plan: "Plan", lines: list[str], warmed: "Warmed", tally: "Tally", at_once: int) -> bool:
    """Warm *lines*, and show how far that is; whether it came to its end."""
    import asyncio  # noqa: PLC0415 - see the package

    from imgsvc.commands.terminal import counting, error_console, warnings_on  # noqa: PLC0415
    from imgsvc.commands.warming import Outcome, warm_all  # noqa: PLC0415
    from imgsvc.settings import SettingsError  # noqa: PLC0415

    console = error_console()
    try:
        with warnings_on(console), counting(console, len(lines)) as count:

            def ended(outcome: Outcome) -> None:
                if outcome.failure is None:
                    warmed.add(plan.entry(outcome.line))
                tally.add(outcome.line, outcome.failure)
                count(len(tally.failures))

            asyncio.run(warm_all(settings, plan, lines, ended, at_once))
    except SettingsError as error:
        fail(error.faults)
    except KeyboardInterrupt:
        return False
    return True
