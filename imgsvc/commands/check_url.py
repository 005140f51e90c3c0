"""``imgsvc check-url``: whether a URL may be fetched, and which rule says so."""

import sys
from typing import TYPE_CHECKING, Any

import click
from click.decorators import pass_meta_key

from imgsvc.commands import EXIT_FAILED, SETTINGS, Ready, examples
from imgsvc.commands.output import write_json

if TYPE_CHECKING:
    from imgsvc.origin.explanation import Explainer, Explanation
    from imgsvc.settings import Settings


@click.command(
    "check-url",
    short_help="Say whether a URL may be fetched, and why.",
    epilog=examples(
        "check-url https://www.example.com/photo.jpg", "check-url https://www.example.com/photo.jpg --resolve --json"
    ),
)
@click.argument("url")
@click.option(
    "--resolve/--no-resolve",
    default=False,
    show_default=True,
    help="Look the host up, and judge its addresses as well.",
)
@click.option("--json", is_flag=True, help="Write url, allowed, rule and steps as JSON.")
@pass_meta_key(SETTINGS)
def check_url(settings: Ready, /, url: str, *, resolve: bool, json: bool) -> None:
    """
    Say whether anybody may have URL fetched, by a request without a signature: each rule in a line, the verdict last.

    URL is read as the service reads it: http(s), percent-encoded or not, or s3://KEY for a stored picture.

    Exit code 0: allowed; 1: denied. Nothing is sent to URL's host. Without --resolve the verdict hangs on the settings
    alone; a name that leads to a private address is refused when it is fetched.
    """
    explained = _explained(settings(), url, resolve=resolve)
    if json:
        write_json(_facts(explained))
    else:
        _show(explained)
    sys.exit(0 if explained.allowed else EXIT_FAILED)


def _explained(settings: "Settings", url: str, *, resolve: bool) -> "Explanation":
    from imgsvc.errors import ImgsvcError  # noqa: PLC0415 - see the package
    from imgsvc.origin.explanation import explain_fault  # noqa: PLC0415
    from imgsvc.web.sources import read_source  # noqa: PLC0415

    explainer = _explainer(settings)
    try:
        source = read_source(url)
    except ImgsvcError as error:
        return explain_fault(error)
    if source.object_key is not None:
        return explainer.explain_stored(source.url)
    return _of_the_web(explainer, source.url, resolve=resolve)


def _of_the_web(explainer: "Explainer", url: str, *, resolve: bool) -> "Explanation":
    host = explainer.looks_up(url) if resolve else None
    if host is None:
        return explainer.explain(url)
    from imgsvc.origin.resolver import addresses_of  # noqa: PLC0415 - see the package

    try:
        return explainer.explain(url, addresses_of(host))
    except OSError:
        return explainer.explain(url, ())


def _explainer(settings: "Settings") -> "Explainer":
    from imgsvc.origin.explanation import Explainer  # noqa: PLC0415 - see the package
    from imgsvc.origin.own import LoopGuard  # noqa: PLC0415
    from imgsvc.services.policy import make_policy  # noqa: PLC0415

    guard = LoopGuard()
    guard.listening(settings.server.host, settings.server.port)
    return Explainer(make_policy(settings, guard), settings.access, settings.origin)


def _show(explained: "Explanation") -> None:
    width = max(len(step.rule) for step in explained.steps)
    for step in explained.steps:
        click.echo(f"{step.rule:<{width}}  {step.outcome:<6}  {step.detail}")
    click.echo(f"{'allowed' if explained.allowed else 'denied'}: {explained.rule}")


def _facts(explained: "Explanation") -> dict[str, Any]:
    steps = [{"rule": step.rule, "outcome": step.outcome, "detail": step.detail} for step in explained.steps]
    return {"url": explained.url, "allowed": explained.allowed, "rule": explained.rule, "steps": steps}
