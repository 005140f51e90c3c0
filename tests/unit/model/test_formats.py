"""Formats told from their first bytes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgsvc.model.formats import BY_MEDIA_TYPE, CAPABILITIES, SNIFF_BYTES, ImageFormat, sniff

SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"


def drawn(pillow_format: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(out, pillow_format)
    return out.getvalue()


@pytest.mark.parametrize(
    ("pillow_format", "expected"),
    [(f.upper(), f) for f in ("png", "webp", "gif", "avif", "tiff", "ico", "bmp")] + [("JPEG", "jpg")],
)
def test_real_files(pillow_format, expected):
    """What an encoder writes is recognised."""
    assert sniff(drawn(pillow_format)) is ImageFormat(expected)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"MM\x00*", ImageFormat.TIFF), (b"GIF87a", ImageFormat.GIF), (b"\x00\x00\x02\x00", ImageFormat.CUR),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif", ImageFormat.AVIF),
        (b"\x00\x00\x00\x14ftypavis\x00\x00\x00\x00avis", ImageFormat.AVIF),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", None),
        (b"\x00\x00\x00\x14ftypheic\x00\x00\x00\x00mif1avif", None),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isom", None),
        (b"RIFF\x00\x00\x00\x00WAVE", None), (b"BM, he said", None), (b"\x89PNG", None), (b"", None),
        (b"<!doctype html><html><svg></svg>", None), (b"%PDF-1.7", None), (b"PK\x03\x04", None), (b"GIF88a", None),
        (b"just <svg> in text", None), (b"\x00\x00\x00\x00ftyp", None), (b"{}", None),
    ],
)  # fmt: skip
def test_heads(head, expected):
    """Brands and magic decide; containers with something else inside are no pictures."""
    assert sniff(head) is expected


@pytest.mark.parametrize(
    "text",
    [
        SVG, f"\ufeff  \n{SVG}", f"<?xml version='1.0'?>{SVG}", f"<!-- a --> <!-- <html> -->{SVG}", "<SVG>", "<svg\n>",
        "<svg/>",
        "<svg:svg xmlns:svg='x'>", f"<?xml version='1.0'?><!DOCTYPE svg PUBLIC 'x' 'y'>{SVG}", "<!-- x --><?pi?><svg>",
    ],
)  # fmt: skip
def test_svg(text):
    """SVG may begin with a mark, a declaration, comments and a DOCTYPE."""
    assert sniff(text.encode()) is ImageFormat.SVG


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_svg_in_utf16(encoding):
    """UTF-16 is recognised by its mark."""
    mark = "" if encoding == "utf-16" else "\ufeff"
    assert sniff((mark + SVG).encode(encoding)) is ImageFormat.SVG


@pytest.mark.parametrize("text", ["<svgx>", "<svg", "<!-- never ends <svg>", "<?xml <svg>", "<html>", "< svg>"])
def test_not_svg(text):
    """A root that only looks similar is no SVG."""
    assert sniff(text.encode()) is None


@given(st.binary(max_size=64), st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"<!--", b"<?", b"....ftyp", b"BM"]))
def test_total(data, prefix):
    """No bytes break the sniffer, and what lies beyond its window never matters."""
    head = prefix + data
    assert sniff(head) is None or isinstance(sniff(head), ImageFormat)
    padded = head.ljust(SNIFF_BYTES, b"\x00")
    assert sniff(padded) == sniff(padded + b"<svg>")


def test_tables_cover_all_formats():
    """Each format has capabilities; each media type leads to one format that has it."""
    assert set(CAPABILITIES) == set(ImageFormat)
    assert all(CAPABILITIES[f].media_type == t for t, f in BY_MEDIA_TYPE.items())
    assert BY_MEDIA_TYPE["image/x-icon"] is ImageFormat.ICO


@pytest.mark.parametrize("image_format", ImageFormat, ids=str)
def test_capabilities_fit_together(image_format):
    """Only lossy formats that can be written have a quality, within its range."""
    can = CAPABILITIES[image_format]
    assert (can.default_quality is not None) == can.lossy
    assert can.encodable or not can.lossy
    assert can.default_quality is None or 1 <= can.default_quality <= 100
