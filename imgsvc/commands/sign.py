"""``imgsvc sign``: a signature for a path."""

import time
from urllib.parse import parse_qsl

import click
from click.decorators import pass_meta_key

from imgsvc.commands import SETTINGS, Ready, examples, fail
from imgsvc.commands.naming import service_url, split_url
from imgsvc.commands.output import write_json

_TARGET = "'/api/cache/images?url=https://www.example.com/photo.jpg&w=640'"


@click.command(
    "sign",
    short_help="Print a path with a signature.",
    epilog=examples(f"sign {_TARGET}", f"sign {_TARGET} --expires 3600 --base https://img.example.com"),
)
@click.argument("target", metavar="PATH-OR-URL")
@click.option("--expires", type=click.IntRange(min=1), metavar="SECONDS", help="How long the signature shall hold.")
@click.option(
    "--base", callback=service_url, metavar="URL", help="Print a whole URL: this, with the signed path behind it."
)
@click.option("--json", is_flag=True, help="Write url, path, sig and exp as JSON.")
@pass_meta_key(SETTINGS)
def sign(settings: Ready, /, target: str, expires: int | None, base: str | None, *, json: bool) -> None:
    """
    Print PATH-OR-URL's path with a signature by the first of IMGSVC_SIGNING_KEYS, in one line.

    With it the service fetches the source whatever IMGSVC_ALLOWED_HOSTS says. The path is signed as the service sees
    it: where a proxy takes a prefix away, sign without it, and name it with --base.
    """
    from imgsvc.origin.signature import Signer, signed_text  # noqa: PLC0415 - see the package

    keys = settings().access.signing_keys
    if not keys:
        fail(["IMGSVC_SIGNING_KEYS: set at least one key to sign with"])
    path, pairs = _asked(target, expires)
    exp = _end_of(pairs)
    signature = Signer([key.reveal() for key in keys]).sign(path, pairs)
    text = signed_text(path, pairs).decode()
    signed = f"{text}{'&' if pairs else ''}sig={signature}"
    url = f"{(base or '').rstrip('/')}{signed}"
    if json:
        write_json({"url": url, "path": signed, "sig": signature, "exp": exp})
    else:
        click.echo(url)


def _asked(target: str, expires: int | None) -> tuple[str, list[tuple[str, str]]]:
    """Give path and parameters to sign: without an older signature, and with a new end where one is asked for."""
    if not target.isprintable():
        raise _bad_target("a path or URL has no characters that cannot be printed")
    parts = split_url(target)
    path = "" if parts is None else parts.path or ("/" if parts.netloc else "")
    if parts is None or not path.startswith("/") or bool(parts.netloc) is not (parts.scheme in ("http", "https")):
        raise _bad_target("a path begins with /, a URL with http:// or https:// and a host")
    replaced = ("sig",) if expires is None else ("sig", "exp")
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in replaced]
    if expires is not None:
        pairs.append(("exp", str(int(time.time()) + expires)))
    return path, pairs


def _end_of(pairs: list[tuple[str, str]]) -> int | None:
    """Give the unix second at which the signature ends; the service would refuse what is none."""
    from imgsvc.errors import InvalidRequest  # noqa: PLC0415 - see the package
    from imgsvc.origin.signature import expiry_of  # noqa: PLC0415

    try:
        return expiry_of(pairs)
    except InvalidRequest as error:
        raise _bad_target(error.detail) from error


def _bad_target(text: str) -> click.BadParameter:
    return click.BadParameter(text, param_hint="PATH-OR-URL")
