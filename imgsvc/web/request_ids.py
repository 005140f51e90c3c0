"""Names for requests that came without one."""

import itertools
import secrets
from collections.abc import Callable

ENDS = tuple(f"{n:02x}" for n in range(256))
"""Of names, written out once: most of one is there when it is asked for."""


def _names() -> Callable[[], str]:
    """Random once a process, counted from there: unique, and far cheaper than asking the kernel each time."""
    prefix = secrets.token_hex(6)
    blocks = (map(f"{prefix}-{block:x}".__add__, ENDS) for block in itertools.count(1))
    return itertools.chain.from_iterable(blocks).__next__


new_request_id = _names()
