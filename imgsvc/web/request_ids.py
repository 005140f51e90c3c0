"""Names for requests that came without one."""

import itertools
import secrets
from collections.abc import Callable


def _names() -> Callable[[], str]:
    """Random once a process, counted from there: unique, and far cheaper than asking the kernel each time."""
    prefix, count = secrets.token_hex(6), itertools.count(1)
    return lambda: f"{prefix}-{next(count):x}"


new_request_id = _names()
