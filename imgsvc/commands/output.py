"""What commands write: pictures to files or to standard output, and facts as JSON."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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


def check_output(output: str | None, *, json: bool) -> None:
    """See that facts and a picture do not both go to standard output; raises click.UsageError where they do."""
    if json and output == STANDARD_OUTPUT:
        raise click.UsageError("--json has standard output for itself: name a file with -o, or none")


def write_json(document: Any) -> None:
    """Write facts to standard output, as JSON in ASCII."""
    import json  # noqa: PLC0415 - see the package

    click.echo(json.dumps(document, indent=2))


def write_picture(data: bytes, path: Path | None, description: str) -> None:
    """Write a picture to *path*, or to standard output, and say on standard error what it is and where it went."""
    _write_bytes(data, path)
    click.echo(description if path is None else f"{description}; written to {path}", err=True)


def write_facts(facts: Mapping[str, Any], data: bytes, output: str | None) -> None:
    """Write the picture to *output* where that names a file, then the facts about it, and where it is, as JSON."""
    if output is not None:
        _write_bytes(data, Path(output))
    write_json({**facts, "output": output})


def _write_bytes(data: bytes, path: Path | None) -> None:
    """Write a picture to *path*, or to standard output; where that fails the process ends."""
    if path is None:
        if sys.stdout is None:
            fail(["standard output is closed: name a file with -o"], EXIT_FAILED)
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    try:
        path.write_bytes(data)
    except OSError as error:
        fail([f"{path}: cannot be written: {error.strerror}"], EXIT_FAILED)
