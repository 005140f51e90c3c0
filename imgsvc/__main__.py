"""
``python -m imgsvc``, and ``imgsvc``, are the command line.

A command that makes pictures starts its interpreter twice where it gets another allocator (see
:mod:`imgsvc.allocator`). The first start decides that here, before anything else is loaded, wherever the command line
is plain; :mod:`imgsvc.cli` decides the rest.
"""

import gc
import os
import sys

from imgsvc.allocator import AllocatorMissingError, Libraries, Restart, find_libraries, restart, start_again

MAKE_PICTURES = frozenset(("serve", "get", "logo", "card", "warm"))
"""The commands that start again."""

_HELP = frozenset(("-h", "--help"))


def main() -> None:
    """Run the program; ends the process."""
    if _is_plain(sys.argv[1:]):
        start_early(find_libraries(), restart)
    gc.disable()  # it would look again and again at what all stays
    from imgsvc.cli import main as run  # noqa: PLC0415 - see the module

    gc.enable()
    run()


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
