"""What a Location means; where it may lead is the policy's business."""

import pytest

from imgsvc.errors import TooManyRedirects
from imgsvc.origin.redirects import Trail


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/c", "http://a.test:81/c"), ("c", "http://a.test:81/x/c"), ("../c?d=%20+", "http://a.test:81/c?d=%20+"),
        ("?d", "http://a.test:81/x/y?d"), ("//b.test/c", "http://b.test/c"), ("https://b.test/c", "https://b.test/c"),
        (" /c ", "http://a.test:81/c"), ("/\udce9", "http://a.test:81/%E9"), ("/%41\udce9", "http://a.test:81/%41%E9"),
    ],
)  # fmt: skip
def test_targets(location, target):
    """A Location is resolved against where we are, its escapes untouched."""
    assert Trail("http://a.test:81/x/y?z").target(location) == target


@pytest.mark.parametrize("location", [None, "", "http://[", "http://a:99999/"])
def test_no_target(location):
    """A Location that is missing or no URL ends the fetch."""
    with pytest.raises(TooManyRedirects):
        Trail("http://a.test/").target(location)


def test_three_are_enough():
    """Three redirects are followed, a fourth is not."""
    trail = Trail("http://a.test/0")
    for n in range(1, 4):
        trail.go_on(trail.target(f"/{n}"))
    with pytest.raises(TooManyRedirects):
        trail.target("/4")

    assert (trail.first, trail.current) == ("http://a.test/0", "http://a.test/3")


def test_loop():
    """A redirect to where we have been, or are, ends the fetch."""
    trail = Trail("http://a.test/")
    with pytest.raises(TooManyRedirects):
        trail.go_on("http://a.test/")
