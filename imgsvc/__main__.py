"""
``python -m imgsvc``, and ``imgsvc``, are the command line.

A command that makes pictures starts its interpreter twice where it gets another allocator (see
:mod:`imgsvc.allocator`). The first start decides that here, before anything else is loaded, wherever the command line
is plain; :mod:`imgsvc.cli` decides the rest. Nor does ``serve`` wait for what understands all other command lines,
where there is hardly anything to be understood.
"""

import gc
import os
import sys

from imgsvc.allocator import AllocatorMissingError, Libraries, Restart, find_libraries, restart, start_again

MAKE_PICTURES = frozenset(("serve", "get", "logo", "card", "warm"))
"""The commands that start again."""

COMPLETION = "_IMGSVC_COMPLETE"
"""With this in the environment a shell wants to know what may follow (click)."""

MAX_PORT = 65535

_HELP = frozenset(("-h", "--help"))


def main() -> None:
    """Run the program; ends the process."""
    if _is_plain(sys.argv[1:]):
        start_early(find_libraries(), restart)
    gc.disable()  # it would look again and again at what all stays
    given = plainly_serve(sys.argv[1:])
    if given is None or COMPLETION in os.environ:
        from imgsvc.cli import main as run  # noqa: PLC0415 - see the module

        gc.enable()
        run()
    else:
        _serve(given)


def plainly_serve(arguments: list[str]) -> dict[str, str] | None:
    """
    Understand a command line that does no more than start the service.

    Returns:
        The values of its options by their names, ``--demo`` without one; None = it is for click.
    """
    given: dict[str, str] = {}
    words = iter(arguments or ["serve"])
    if next(words) != "serve":
        return None
    for word in words:
        value = "" if word == "--demo" else next(words, "")
        is_port = value.isascii() and value.isdecimal() and len(value) <= len(str(MAX_PORT)) and int(value) <= MAX_PORT
        if not (
            word == "--demo" or (word == "--host" and value[:1] not in ("", "-")) or (word == "--port" and is_port)
        ):
            return None
        given[word] = value
    return given


def _serve(given: dict[str, str]) -> None:
    from imgsvc.commands import serving, streams  # noqa: PLC0415 - see the module

    gc.enable()
    streams.hold_standard_streams()
    settings = {f"IMGSVC_{name[2:].upper()}": value for name, value in given.items() if value}
    with streams.cut_short():
        serving.run(restart, settings, demo="--demo" in given)


def _is_plain(arguments: list[str]) -> bool:
    """Whether a command that makes pictures is all there is to it; ``.env`` may have the choice of an allocator."""
    command = arguments[0] if arguments else "serve"
    return command in MAKE_PICTURES and _HELP.isdisjoint(arguments) and not os.path.exists(".env")  # noqa: PTH110 - paths would have to be loaded


def start_early(libraries: Libraries, restart: Restart) -> None:
    """Start again with the allocator that the environment names; what is wrong with that is told by others."""
    try:
        start_again(os.environ.get("IMGSVC_ALLOCATOR", "").strip() or "auto", os.environ, libraries, restart)
    except AllocatorMissingError:
        return  # the command line says so


if __name__ == "__main__":
    main()
