"""Web app manifests."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.pages.manifest import MAX_ICONS, Manifest, ManifestIcon, read_manifest
from imgsvc.pages.sizes import ANY

URL = "https://a.test/app/site.webmanifest"


def read(value):
    return read_manifest(value if isinstance(value, bytes) else json.dumps(value).encode(), URL)


def test_manifest():
    """A manifest is read with names, colour and icons, whose addresses are relative to its own."""
    value = {
        "name": "A\tpp", "short_name": "A", "theme_color": "#fff", "display": "standalone",
        "icons": [
            {"src": "i.png", "sizes": "192x192 512x512", "type": "image/PNG", "purpose": "Maskable any"},
            {"src": "/i.svg", "sizes": "any"},
        ],
    }  # fmt: skip
    icons = (
        ManifestIcon("https://a.test/app/i.png", ((192, 192), (512, 512)), "image/png", frozenset(["maskable", "any"])),
        ManifestIcon("https://a.test/i.svg", (ANY,)),
    )

    assert read(value) == Manifest("A pp", "A", "#fff", icons)
    assert read(b"\xef\xbb\xbf" + json.dumps(value).encode()) == Manifest("A pp", "A", "#fff", icons)


@pytest.mark.parametrize(
    "value",
    [b"", b"<html>", b"\xff\xfe", b"[" * 9999, b"[]", b"null", b"7", {}, {"name": 7, "icons": {}}, {"icons": "x"},
     {"icons": [7, None, []]},
     {"icons": [{}, {"src": 7}, {"src": ""}, {"src": "javascript:x"}, {"src": "i.png", "purpose": "badge"}]},
     b'{"name": "' + b"x" * 300_000 + b'"}'],
)  # fmt: skip
def test_nothing(value):
    """What is no manifest, has the wrong types or is too large says nothing."""
    assert read(value) == Manifest()


@pytest.mark.parametrize("wrong", [7, None, [], {}, ["32x32"]])
def test_wrong_types(wrong):
    """An icon with values of the wrong type is read as if they were missing."""
    icon = {"src": "i.png", "sizes": wrong, "type": wrong, "purpose": wrong}

    assert read({"icons": [icon]}).icons == (ManifestIcon("https://a.test/app/i.png"),)


def test_many_icons():
    """Of ten thousand icons the first are read."""
    assert len(read({"icons": [{"src": f"{n}.png"} for n in range(10_000)]}).icons) == MAX_ICONS


@settings(deadline=None, derandomize=True)
@given(st.binary() | st.text(alphabet='{}[],:"icons src\\ud8').map(str.encode))
def test_never_raises(data):
    """Any bytes are a manifest, if an empty one."""
    assert isinstance(read_manifest(data, URL), Manifest)
