"""Conditions and ranges."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from imgsvc.web.conditional import Choice, Conditions, Range, Unsatisfiable, byte_range, choose, not_modified

ETAG = '"0123abcd"'
TIME = 784111777
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


class TestNotModified:
    """304 or not."""

    @pytest.mark.parametrize(
        "tags",
        [ETAG, f"W/{ETAG}", "*", " * ", f'"x", {ETAG}', f'"x",{ETAG},"y"', f'W/"x" , W/{ETAG}', f",, {ETAG}",
         f'"a,b", {ETAG}', f'"", {ETAG}', f'"é", {ETAG}', f" {ETAG} "],
    )  # fmt: skip
    def test_tag_matches(self, tags):
        """Weak comparison against each tag of a list, and the wildcard."""
        assert not_modified(tags, None, ETAG, TIME)

    @pytest.mark.parametrize(
        "tags",
        ["", '"x"', ETAG.strip('"'), f"x{ETAG}", f"w/{ETAG}", f"{ETAG}x", '"*"', "*, *", ",", f'"a{ETAG}',
         f'"x" {ETAG}',
         f"W/ {ETAG}", ETAG.upper()],
    )  # fmt: skip
    def test_tag_does_not_match(self, tags):
        """What is no tag matches none, and the date does not stand in for it."""
        assert not not_modified(tags, DATE, ETAG, TIME)

    @pytest.mark.parametrize(
        "since",
        [
            DATE,
            f" {DATE} ",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            formatdate(TIME + 1, usegmt=True),
        ],
    )
    def test_not_newer(self, since):
        """All three forms of a date are read, as GMT whatever the local zone is."""
        assert not_modified(None, since, ETAG, TIME)

    @pytest.mark.parametrize(
        "since",
        [None, "", "garbage", "0", formatdate(TIME - 1, usegmt=True), "Sun, 06 Nov 1994 08:49:37 +0000", "1994-11-06",
         "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 99999999999999999999 08:49:37 GMT", f"{DATE}, {DATE}x"],
    )  # fmt: skip
    def test_newer_or_unreadable(self, since):
        """An earlier date, or none that HTTP knows, is no reason for 304."""
        assert not not_modified(None, since, ETAG, TIME)

    def test_tag_goes_first(self):
        """A tag that differs outweighs a date that fits, and the other way round."""
        assert not not_modified('"other"', DATE, ETAG, TIME)
        assert not_modified(ETAG, formatdate(0, usegmt=True), ETAG, TIME)

    @given(st.text(), st.text())
    def test_total(self, tags, since):
        """No header text raises."""
        assert not_modified(tags, since, ETAG, TIME) in {True, False}
        assert not_modified(None, since, ETAG, TIME) in {True, False}


class TestRange:
    """206, 416 or the whole."""

    @pytest.mark.parametrize(
        ("header", "start", "stop"),
        [
            ("bytes=0-0", 0, 1), ("bytes=0-", 0, 10), ("bytes=3-5", 3, 6), ("bytes=9-9", 9, 10), ("bytes=5-999", 5, 10),
            ("bytes=-1", 9, 10), ("bytes=-10", 0, 10), ("bytes=-999", 0, 10), ("BYTES=1-2", 1, 3),
            ("bytes= 1-2 ", 1, 3),
            ("bytes=1-2,", 1, 3), ("bytes=0000000000000000000000001-2", 1, 3), (f"bytes=0-{'9' * 5000}", 0, 10),
            (f"bytes=-{'9' * 5000}", 0, 10),
        ],
    )  # fmt: skip
    def test_part(self, header, start, stop):
        """First, last, open-ended and suffix ranges, cut to the size."""
        part = byte_range(header, None, ETAG, TIME, 10)
        assert part == Range(start, stop)
        assert len(part) == stop - start
        assert part.content_range(10) == f"bytes {start}-{stop - 1}/10"

    @pytest.mark.parametrize(
        "header",
        [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=a-b", "bytes=1", "bytes=--1", "bytes=1-2-3",
         "items=0-1",
         "bytes=0-1,3-4", "bytes=99-,0-1", "bytes=+1-2", "bytes=１-2", "bytes=1 - 2", "bytes 0-1", "bytes=0x1-2",
         "=0-1"],
    )  # fmt: skip
    def test_whole(self, header):
        """Several ranges, other units and malformed ones are passed over."""
        assert byte_range(header, None, ETAG, TIME, 10) is None

    @pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=-00", f"bytes={'9' * 5000}-"])
    def test_unsatisfiable(self, header):
        """A range beyond the end, or a suffix of nothing."""
        with pytest.raises(Unsatisfiable) as caught:
            byte_range(header, None, ETAG, TIME, 10)
        assert caught.value.content_range == "bytes */10"

    @pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1"])
    def test_nothing_to_take_from(self, header):
        """Zero bytes have no part."""
        with pytest.raises(Unsatisfiable):
            byte_range(header, None, ETAG, TIME, 0)

    @pytest.mark.parametrize("condition", [None, ETAG, f" {ETAG} ", DATE])
    def test_if_range_holds(self, condition):
        """The same strong tag or exactly the same date gives the part."""
        assert byte_range("bytes=1-2", condition, ETAG, TIME, 10) == Range(1, 3)

    @pytest.mark.parametrize(
        "condition",
        ["", '"x"', f"W/{ETAG}", "*", f"{ETAG}, {ETAG}", ETAG.strip('"'), formatdate(TIME + 1, usegmt=True), "garbage"],
    )
    def test_if_range_fails(self, condition):
        """Anything else gives the whole, even where the range could not be had."""
        assert byte_range("bytes=1-2", condition, ETAG, TIME, 10) is None
        assert byte_range("bytes=99-", condition, ETAG, TIME, 10) is None

    @given(st.from_regex(r"bytes=[0-9]{0,3}-[0-9]{0,3}", fullmatch=True) | st.text(), st.integers(0, 500))
    def test_within(self, header, size):
        """A part is never empty and never outside."""
        try:
            part = byte_range(header, None, ETAG, TIME, size)
        except Unsatisfiable:
            return
        assert part is None or 0 <= part.start < part.stop <= size


@pytest.mark.parametrize(
    ("asked", "status", "start", "stop", "content_range"),
    [
        ({}, 200, 0, 100, None),
        ({"if_none_match": '"a"', "range": "bytes=0-1"}, 304, 0, 0, None),
        ({"if_none_match": '"b"', "range": "bytes=0-1"}, 206, 0, 2, "bytes 0-1/100"),
        ({"range": "bytes=0-1", "if_range": '"b"'}, 200, 0, 100, None),
    ],
)
def test_the_smallest_answer(asked, status, start, stop, content_range):
    """What the client has is not sent; else the part that it asks for, else all."""
    assert choose(Conditions(**asked), '"a"', 1000, 100) == Choice(status, start, stop, content_range)


def test_conditions_of_a_request():
    """Lists in several fields are one list; a range is of a GET alone."""
    headers = CIMultiDict([("If-None-Match", '"a"'), ("if-none-match", '"b"'), ("Range", "bytes=0-1")])

    assert Conditions.of("GET", headers) == Conditions('"a", "b"', None, "bytes=0-1")
    assert Conditions.of("HEAD", headers).range is None
    assert Conditions.of("GET", CIMultiDict({"Accept": "*/*"})) == Conditions()
