"""Names for requests."""

import re

from imgsvc.web.request_ids import new_request_id


def test_names_differ_and_are_decent():
    """No two are equal, and each would be kept if a client sent it."""
    names = [new_request_id() for _ in range(1000)]

    assert len(set(names)) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,128}", name) for name in names)
