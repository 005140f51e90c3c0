"""What ``imgsvc get`` is asked for, and how it is asked of the service."""

from pathlib import Path

import click
from msgspec import Struct

from imgsvc.commands.naming import query_of, with_scheme
from imgsvc.commands.output import STANDARD_OUTPUT, check_output, format_of
from imgsvc.web.parameters import BY_NAME

_FORMATS = ("webp", "avif", "png", "jpg", "gif")
_EXTENSIONS = {**{f".{name}": name for name in _FORMATS}, ".jpeg": "jpg"}
_OF_REQUESTS = frozenset(("url", "sig", "exp", "tag", "forceRefresh"))
"""Parameters that say nothing of the picture wanted."""


class GetWish(Struct, frozen=True, kw_only=True):
    """
    What the command line asks for, as :meth:`query` understood by the rules of ``/api/cache/images``.

    Attributes:
        url: of the picture; without a scheme it is https.
        output: file to write, ``-`` = standard output; None = that too, unless *json*.
        width: of the box, in px.
        height: likewise.
        fit: how the picture meets it.
        format: by name; None = the one of *output*'s extension, else the source's own.
        quality: 1–100.
        params: further parameters, each as ``NAME=VALUE``.
        refresh: whether the source is asked anew.
        json: whether facts are written instead of the picture.
    """

    url: str
    output: str | None = None
    width: int | None = None
    height: int | None = None
    fit: str | None = None
    format: str | None = None
    quality: int | None = None
    params: tuple[str, ...] = ()
    refresh: bool = False
    json: bool = False

    @property
    def path(self) -> Path | None:
        """The file to write; None = standard output."""
        return None if self.output in (None, STANDARD_OUTPUT) else Path(self.output)

    def check(self, *, is_terminal: bool) -> None:
        """
        See whether what is asked for goes together.

        Args:
            is_terminal: whether standard output is one.

        Raises:
            click.UsageError: it does not.
        """
        for text in self.params:
            _check_param(text)
        check_output(self.output, json=self.json)
        if is_terminal and self.output is None and not self.json and self.format != "json":
            raise click.UsageError(
                "the picture would go to the terminal: name a file with -o, or -o - if that is meant"
            )
        _ = self.format_name

    @property
    def format_name(self) -> str | None:
        """
        The format to ask for; None = another parameter says what is answered.

        Raises:
            click.UsageError: none is named, and *output*'s extension is none that can be written.
        """
        if self.format is not None:
            return self.format
        if {"f", "placeholder"} & {BY_NAME[text.partition("=")[0]].name for text in self.params}:
            return None
        return format_of(self.output, _EXTENSIONS) if self.path is not None else "auto"

    def query(self) -> str:
        """Ask the same as a query string of ``/api/cache/images``."""
        options = {
            "w": self.width,
            "h": self.height,
            "fit": self.fit,
            "f": self.format_name,
            "q": self.quality,
        }
        given = [(name, str(value)) for name, value in options.items() if value is not None]
        pairs = [(name, value) for name, _, value in (text.partition("=") for text in self.params)]
        return query_of([("url", with_scheme(self.url)), *given, *pairs])


def _check_param(text: str) -> None:
    name, equals, _ = text.partition("=")
    if not equals:
        raise click.UsageError(f"--param {text}: NAME=VALUE is meant")
    parameter = BY_NAME.get(name)
    if parameter is None:
        raise click.UsageError(f"--param {name}: there is no such parameter")
    if parameter.name in _OF_REQUESTS:
        raise click.UsageError(f"--param {name}: means something in requests to a running service only")
