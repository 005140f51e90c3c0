"""Names in the store."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import BadKey
from imgsvc.model.keys import (
    IMAGE_PREFIX,
    MAX_KEY_BYTES,
    SERVED_PREFIXES,
    original_key,
    record_key,
    result_key,
    source_prefix,
    validate_key,
    variant_key,
)
from imgsvc.model.source import Source
from imgsvc.model.spec import TRANSFORM_VERSION, Fit, Output, TransformSpec

SOURCE = Source("https://pictures.test/a.jpg?size=1")
H16 = hashlib.sha256(SOURCE.url.encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    "key", ["a", "a/b", "images/logos/example_com_google_a379a6f6.png", ".hidden", "a..b", "ü/ï", "k" * 512]
)
def test_good_keys(key: str):
    """A key of our shape passes, and is given back as it is."""
    assert validate_key(key) is key


@pytest.mark.parametrize(
    "key",
    [
        "", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/..", "a/../b", "a/./b", "\\", "a\\b", "a\x00b", "\n", "a\x7f",
        "a\x85b", "a\u2028b", "a\u200bb", "a\ud800", "k" * 513, "ü" * 257,
    ],
)  # fmt: skip
def test_bad_keys(key: str):
    """What could leave the store, forge a log line or not be written is refused, with the parameter at fault."""
    with pytest.raises(BadKey) as caught:
        validate_key(key)
    assert caught.value.param == "url"


@given(st.text(max_size=600))
def test_what_passes_is_safe(key: str):
    """Whatever passes is short, printable, relative and stays below where it is put."""
    try:
        validate_key(key)
    except BadKey:
        return
    assert len(key.encode()) <= MAX_KEY_BYTES
    assert key.isprintable()
    assert "\\" not in key
    assert not {"", ".", ".."} & set(key.split("/"))


def test_names_of_a_source():
    """All that is kept of a source lies below the first half of its digest's first half."""
    assert source_prefix(SOURCE) == f"images/image/{H16}/"
    assert original_key(SOURCE) == f"images/image/{H16}/original"
    assert record_key(SOURCE) == f"images/image/{H16}/source.json"


def test_query_is_part_of_the_source():
    """Two queries are two sources."""
    assert original_key(Source("https://p.test/a?x=1")) != original_key(Source("https://p.test/a?x=2"))


def test_variant_is_readable():
    """A variant's key says what it is, the transform version first, and ends in its extension."""
    spec = TransformSpec(output=Output.AUTO_WEBP, width=640)
    key = variant_key(SOURCE, spec)
    assert key.startswith(f"{IMAGE_PREFIX}{H16}/t{TRANSFORM_VERSION},")
    assert "w640" in key
    assert key.endswith(f".{spec.extension}")


def test_older_pixels_have_other_names():
    """What 0.1.0 kept, such as drawings that were black, is not given for what is drawn now."""
    assert "/t1," not in variant_key(SOURCE, TransformSpec(output=Output.AUTO_WEBP, width=640))


def test_client_text_is_hashed():
    """A client's own text is never in a key; other texts are other keys."""
    keys = {variant_key(SOURCE, TransformSpec(width=64, version=v)) for v in ("../x", "A b", "2", "ü" * 300)}
    assert len(keys) == 4
    assert all(re.fullmatch(rf"{IMAGE_PREFIX}[0-9a-f]{{16}}/t\d+,[0-9a-f]{{32}}\.[a-z]+", k) for k in keys)


@pytest.mark.parametrize(
    "spec", [TransformSpec(), TransformSpec(width=1, height=8192, fit=Fit.COVER, quality=1, blur=0.3)]
)
def test_keys_made_are_valid(spec: TransformSpec):
    """Every key made here passes the check made here."""
    for key in (original_key(SOURCE), record_key(SOURCE), variant_key(SOURCE, spec), result_key(SOURCE, spec)):
        assert validate_key(key) == key


def test_result_of_nothing_asked():
    """The answer that changes nothing is the original itself, or the stored object; a version makes it another."""
    plain = TransformSpec(output=Output.ORIGINAL)
    assert result_key(SOURCE, plain) == original_key(SOURCE)
    assert result_key(Source.stored("images/logos/a.png"), plain) == "images/logos/a.png"
    versioned = TransformSpec(output=Output.ORIGINAL, version="2")
    assert result_key(SOURCE, versioned) == variant_key(SOURCE, versioned) != original_key(SOURCE)
    assert result_key(SOURCE, TransformSpec(width=64)) == variant_key(SOURCE, TransformSpec(width=64))


def test_an_asset_lies_below_its_id():
    """Its original, its record and all made from it; clients cannot name it as a stored object."""
    asset = Source("https://assets.test/api/assets/0192f3a0-4b5c-7d8e-9f00-112233445566", asset_id="0192f3a0")

    assert original_key(asset) == "images/assets/0192f3a0/original"
    assert record_key(asset) == "images/assets/0192f3a0/source.json"
    assert variant_key(asset, TransformSpec(output=Output.PNG, width=9)).startswith("images/assets/0192f3a0/t")
    assert not original_key(asset).startswith(SERVED_PREFIXES)
