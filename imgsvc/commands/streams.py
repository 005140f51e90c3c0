"""Standard input, output and error: there from the first, and no traceback where a reader leaves or a disk is full."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper

from imgsvc.commands import EXIT_FAILED, EXIT_INTERRUPTED, fail

STANDARD_ERROR = 2
"""The last of the three descriptors that every program expects."""

_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO))


def hold_standard_streams() -> None:
    """
    Have what is closed among standard input, output and error lead nowhere, and letters lead to no error.

    Otherwise the next socket or file would get that number, and what a library prints there would go to a client.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STANDARD_ERROR:
        pass
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(STANDARD_ERROR, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115 - for good
    if isinstance(sys.stdout, TextIOWrapper):  # what its encoding has no letters for shall not be the end
        sys.stdout.reconfigure(errors="backslashreplace")


@contextmanager
def cut_short() -> Iterator[None]:
    """
    Have who presses Ctrl-C or has a full disk see a line, no traceback, and who leaves a pipe nothing.

    Raises:
        SystemExit: in their place.
    """
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        if error.filename is not None or error.errno not in _NO_ROOM | {errno.EPIPE}:
            raise
        _drop_output()
        if error.errno == errno.EPIPE:
            sys.exit(EXIT_FAILED)
        fail([f"what was printed could not be written: {error.strerror}"], EXIT_FAILED)


def _drop_output() -> None:
    """Let what cannot be written lead nowhere: the interpreter tries once more at its end, and ends with 120 then."""
    for descriptor, stream in ((1, sys.stdout), (STANDARD_ERROR, sys.stderr)):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
