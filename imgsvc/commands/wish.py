"""What ``imgsvc logo`` is asked for, and how it is asked of the service."""

from pathlib import Path

import click
from msgspec import Struct

from imgsvc.commands.logo import FORMATS
from imgsvc.commands.naming import file_stem, query_of
from imgsvc.commands.output import STANDARD_OUTPUT, format_of

_EXTENSIONS = {**{f".{name}": name for name in FORMATS}, ".jpeg": "jpg"}


class LogoWish(Struct, frozen=True, kw_only=True):
    """
    What the command line asks for, as :meth:`query` understood by the rules of ``/api/logo``.

    Attributes:
        subject: whose logo: a host, a URL, an e-mail address, or with *company* a name.
        output: file to write, ``-`` = standard output; None = one named after the subject, unless the search is all
            that is asked for.
        format: by name; None = the one of *output*'s extension, else PNG.
        size: side in px of the square that the logo fits in, 16–1024.
        theme: ``light`` or ``dark``; None = the logo as it is.
        bg: the page's exact colour; None = the theme's.
        explain: whether the candidates are shown as a table.
        json: whether they are written as JSON.
        refresh: whether what is known is looked for anew.
        fallback: ``404`` or ``monogram``.
    """

    subject: str
    company: bool = False
    output: str | None = None
    format: str | None = None
    size: int = 256
    theme: str | None = None
    bg: str | None = None
    explain: bool = False
    json: bool = False
    refresh: bool = False
    fallback: str = "404"

    @property
    def explains(self) -> bool:
        """Whether the search itself is to be shown."""
        return self.explain or self.json

    @property
    def is_piped(self) -> bool:
        """Whether the picture goes to standard output."""
        return self.output == STANDARD_OUTPUT

    @property
    def draws(self) -> bool:
        """Whether a file is to be written."""
        return self.output is not None or not self.explains

    @property
    def format_name(self) -> str:
        """
        The format to write.

        Raises:
            click.UsageError: no format is named, and *output*'s extension is none that can be written.
        """
        return self.format or format_of(self.output, _EXTENSIONS)

    def check(self) -> None:
        """
        See whether what is asked for goes together.

        Raises:
            click.UsageError: it does not.
        """
        if self.json and (self.explain or self.is_piped):
            raise click.UsageError("--json has standard output for itself: leave --explain and -o - away")
        if self.explain and self.is_piped:
            raise click.UsageError("--explain and -o - both write to standard output: name a file")
        if self.draws and self.format_name == "svg" and (self.theme or self.bg):
            raise click.UsageError("what is adapted to a page is pixels: write another format than svg")

    def query(self) -> str:
        """Ask the same as a query string of ``/api/logo``; an SVG's bytes are not drawn anew, and so have no size."""
        is_drawing = self.draws and self.format_name == "svg"
        given = {
            "company" if self.company else "website": self.subject,
            "f": "original" if is_drawing else self.format_name if self.draws else None,
            "size": None if is_drawing else self.size,
            "theme": self.theme,
            "bg": self.bg,
            "fallback": self.fallback,
        }
        return query_of((name, value) for name, value in given.items() if value is not None)

    def path(self, domain: str) -> Path:
        """Give the file to write; without one the working directory gets one named after *domain*, or the company."""
        if self.output is not None:
            return Path(self.output)
        return Path(f"{file_stem(domain or self.subject, 'logo')}.{self.format_name}")
