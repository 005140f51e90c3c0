"""``imgsvc sign``: a signature for a path."""

import time
from urllib.parse import parse_qsl, urlsplit

import click
from click.decorators import pass_meta_key

from imgsvc.commands import SETTINGS, Ready, examples, fail
from imgsvc.commands.output import write_json

_TARGET = "'/api/cache/images?url=https://www.example.com/photo.jpg&w=640'"


@click.command(
    "sign",
    short_help="Print a path with a signature.",
    epilog=examples(f"sign {_TARGET}", f"sign {_TARGET} --expires 3600 --base https://img.example.com"),
)
@click.argument("target", metavar="PATH-OR-URL")
@click.option("--expires", type=click.IntRange(min=1), metavar="SECONDS", help="How long the signature shall hold.")
@click.option("--base", metavar="URL", help="Print a whole URL: this, with the signed path behind it.")
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
    signature = Signer([key.reveal() for key in keys]).sign(path, pairs)
    text = signed_text(path, pairs).decode()
    signed = f"{text}{'&' if pairs else ''}sig={signature}"
    url = f"{_checked(base)}{signed}"
    if json:
        exp = dict(pairs).get("exp")
        write_json({"url": url, "path": signed, "sig": signature, "exp": exp and int(exp)})
    else:
        click.echo(url)


def _asked(target: str, expires: int | None) -> tuple[str, list[tuple[str, str]]]:
    """Give path and parameters to sign: without an older signature, and with a new end where one is asked for."""
    if not target.isprintable():
        raise click.BadParameter("a path or URL has no characters that cannot be printed", param_hint="PATH-OR-URL")
    parts = urlsplit(target)
    path = parts.path or ("/" if parts.netloc else "")
    if not path.startswith("/") or bool(parts.netloc) is not (parts.scheme in ("http", "https")):
        raise click.BadParameter("a path begins with /, a URL with http:// or https://", param_hint="PATH-OR-URL")
    replaced = ("sig",) if expires is None else ("sig", "exp")
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in replaced]
    if expires is not None:
        pairs.append(("exp", str(int(time.time()) + expires)))
    return path, pairs


def _checked(base: str | None) -> str:
    """Give what stands before the path."""
    if base is None:
        return ""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise click.BadParameter(
            "an http or https URL without a query, such as https://img.example.com", param_hint="--base"
        )
    return base.rstrip("/")
