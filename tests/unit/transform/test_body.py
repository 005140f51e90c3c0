"""Sources in memory and in files, read alike."""

import hashlib
import os
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.stream.base import FileRange
from imgsvc.transform.body import digest_of, head_of, held_open, size_of, viewed, whole
from tests.unit.transform.bodies import KINDS, descriptors, in_file, laid

DATA = os.urandom(3 * 1024 * 1024 + 7)


@pytest.mark.parametrize("data", [b"", b"x", DATA], ids=len)
@pytest.mark.parametrize("kind", KINDS)
def test_a_body_tells_its_bytes(kind, data) -> None:
    """Length, beginning, digest and all of it are the same wherever it lies."""
    with laid(kind, data) as body:
        assert size_of(body) == len(data)
        assert head_of(body, 10) == data[:10]
        assert digest_of(body) == hashlib.sha256(data).hexdigest()
        assert whole(body) == data


@pytest.mark.parametrize("data", [b"", DATA], ids=len)
@pytest.mark.parametrize("kind", KINDS)
def test_a_view_is_indexed_and_sliced(kind, data) -> None:
    """What walks through a file need not know where it lies, and opens nothing."""
    with laid(kind, data) as body:
        before = descriptors()
        view = viewed(body)
        assert (len(view), view[5:9], view[-9:], view[9:5]) == (len(data), data[5:9], data[-9:], b"")
        assert [view[at] for at in range(0, len(data), 1000)] == [data[at] for at in range(0, len(data), 1000)]
        with pytest.raises(IndexError):
            view[len(data)]
        assert descriptors() == before


@given(st.lists(st.tuples(st.integers(0, 300_000), st.integers(0, 70_000)), max_size=20))
def test_a_view_of_a_file_is_the_file(places) -> None:
    """Whatever is looked at in whatever order, it is what lies there."""
    data = bytes(range(251)) * 1000
    with in_file(data) as body:
        view = viewed(body)
        for at, size_bytes in places:
            assert view[at : at + size_bytes] == data[at : at + size_bytes]
            assert at >= len(data) or view[at] == data[at]


def test_a_file_is_kept_open_whatever_its_owner_does() -> None:
    """A thread that ends late does not read another file that has got the old one's number."""
    before = descriptors()
    with ExitStack() as held:
        with in_file(DATA) as body:
            kept = held_open(body, held)
        assert whole(kept) == DATA
    assert descriptors() == before


def test_bytes_need_no_keeping() -> None:
    """They are theirs who hold them."""
    with ExitStack() as held:
        assert held_open(DATA, held) is DATA


def test_a_file_that_is_shorter_than_said_ends_early() -> None:
    """Nothing is waited for behind its end."""
    with in_file(b"abc") as body:
        assert digest_of(FileRange(body.descriptor, 0, 99)) == hashlib.sha256(b"abc").hexdigest()
