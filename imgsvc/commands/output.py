"""Pictures written to files or to standard output, and which format a file's name asks for."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from imgsvc.commands import EXIT_FAILED, fail

STANDARD_OUTPUT = "-"
"""Names standard output in the place of a file."""


def format_of(output: str | None, extensions: Mapping[str, str]) -> str:
    """
    Say which format is to be written; PNG where no file says so.

    Args:
        output: file to write, :data:`STANDARD_OUTPUT`, or None.
        extensions: formats by the extensions of their files, with the dot.

    Raises:
        click.UsageError: the extension is none of these.
    """
    if output is None or output == STANDARD_OUTPUT:
        return "png"
    extension = Path(output).suffix.lower()
    if extension not in extensions:
        raise click.UsageError(f"{output}: end it in one of {', '.join(extensions)}, or name --format")
    return extensions[extension]


def write_picture(data: bytes, path: Path | None, description: str) -> None:
    """Write a picture to *path*, or to standard output, and say on standard error what it is and where it went."""
    if path is None:
        sys.stdout.buffer.write(data)
        click.echo(description, err=True)
        return
    try:
        path.write_bytes(data)
    except OSError as error:
        fail([f"{path}: cannot be written: {error.strerror}"], EXIT_FAILED)
    click.echo(f"{description}; written to {path}", err=True)
