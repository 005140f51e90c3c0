"""Blobs and their metadata."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imgsvc.model.blob import FORMAT_VERSION, MAX_NAME_CHARS, Blob, BlobMeta, file_name
from imgsvc.model.source import Source
from tests.support.blobs import SOURCE, blob_of, meta_of

seconds = st.integers(0, 2**40)
metas = st.builds(
    BlobMeta,
    media_type=st.sampled_from(["image/webp", "image/svg+xml"]),
    sha256=st.just("ab" * 32),
    source_sha256=st.just("cd" * 32),
    fetched_at=seconds,
    fresh_until=seconds,
    last_modified=seconds,
    width=st.integers(0, 10**5),
    height=st.integers(0, 10**5),
    degraded=st.sampled_from(["", "frames"]),
)


@given(metas)
def test_texts_roundtrip(meta: BlobMeta):
    """Metadata written as texts is read back the same, fits S3's 2 KB, and is ASCII."""
    texts = meta.to_texts()
    assert BlobMeta.from_texts(texts) == meta
    assert all(t.isascii() for t in texts.values())
    assert sum(len(n) + len(t) for n, t in texts.items()) < 1024


def test_unknown_texts_are_passed_over():
    """What a later version writes beside it does no harm."""
    meta = meta_of(b"x")
    assert BlobMeta.from_texts(meta.to_texts() | {"colour": "red"}) == meta


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": str(FORMAT_VERSION + 1)},
        {"format_version": "x"},
        {"width": ""},
        {"fresh_until": "soon"},
        {"fetched_at": "nan"},
        {"fetched_at": "-inf"},
        {"last_modified": "1.5"},
        {"tags": "a\r\nb"},
    ],
)
def test_bad_texts(change: dict[str, str]):
    """Another version, or no number where one is due, is not read."""
    with pytest.raises(ValueError, match=r"version|invalid literal|could not convert|no number|not fit"):
        BlobMeta.from_texts(meta_of(b"x").to_texts() | change)


@pytest.mark.parametrize("name", [name for name in BlobMeta.__struct_fields__ if name not in ("tags", "look")])
def test_missing_text(name: str):
    """Each field is needed, but for those that older objects lack."""
    texts = meta_of(b"x").to_texts()
    del texts[name]
    with pytest.raises(ValueError, match=name):
        BlobMeta.from_texts(texts)


def test_lifetime():
    """The lifetime counts from the fetch and is never negative."""
    assert meta_of(b"x", fetched_at=100, lifetime_seconds=50).lifetime_seconds == 50
    assert meta_of(b"x", fetched_at=100, lifetime_seconds=-50).lifetime_seconds == 0


def test_freshness_ends():
    """A blob is fresh until its time, and not at it."""
    blob = blob_of(b"x")
    assert blob.is_fresh(blob.meta.fresh_until - 1)
    assert not blob.is_fresh(blob.meta.fresh_until)


def test_etag():
    """The entity tag is strong, quoted, and of the bytes alone."""
    blob, same, other = blob_of(b"x", "a"), blob_of(b"x", "b"), blob_of(b"y", "a")
    assert blob.etag == f'"{hashlib.sha256(b"x").hexdigest()[:32]}"'
    assert blob.etag == same.etag != other.etag


def test_as_stored():
    """Known to be stored, it is otherwise the same, its bytes the very object."""
    blob = blob_of(b"x" * 1000)
    stored = blob.as_stored()
    assert (blob.stored, stored.stored) == (False, True)
    assert stored.data is blob.data
    assert replace(stored, stored=False) == blob


def test_frozen():
    """A blob cannot be changed."""
    with pytest.raises(AttributeError):
        blob_of(b"x").stored = True


def headers_of(blob: Blob) -> dict[str, str]:
    headers = dict(blob.headers)
    assert len(headers) == len(blob.headers)
    return headers


def test_headers():
    """The finished headers carry type, validators, and what keeps a picture from acting as a document."""
    headers = headers_of(blob_of(b"x"))
    assert headers["Content-Type"] == "image/webp"
    assert headers["ETag"] == blob_of(b"x").etag
    assert headers["Last-Modified"] == "Thu, 01 Jan 1970 00:16:40 GMT"
    assert headers["Link"] == '<https://pictures.test/a.jpg>; rel="canonical"'
    assert headers["Content-Disposition"] == 'inline; filename="a.webp"'
    assert headers["Content-Security-Policy"].endswith("sandbox")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Timing-Allow-Origin"] == "*"
    assert "X-Degraded" not in headers


def test_headers_of_a_stored_source():
    """An object of our own store has no source to link to."""
    blob = Blob(data=b"x", meta=meta_of(b"x"), key="k", source=Source.stored("images/logos/a.png"))
    assert "Link" not in headers_of(blob)
    assert headers_of(blob)["Content-Disposition"] == 'inline; filename="a.webp"'


def test_header_of_a_degraded_blob():
    """What was left away is said."""
    blob = Blob(data=b"x", meta=meta_of(b"x", degraded="frames"), key="k", source=SOURCE)
    assert headers_of(blob)["X-Degraded"] == "frames"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/pictures/cat.jpg", "cat.webp"),
        ("/", "image.webp"),
        ("/a%20b%22%0d%0ac.png", "a-b-c.webp"),
        ("/..%2f..%2fetc%2fpasswd", "passwd.webp"),
        ("/%5c%5cserver%5cshare.exe", "share.webp"),
        ("/.htaccess", "htaccess.webp"),
        ("/%FF%FE", "image.webp"),
        ("/" + "x" * 300 + ".jpg", "x" * MAX_NAME_CHARS + ".webp"),
    ],
)
def test_file_name(path: str, name: str):
    """A download is named after the source's last segment, in safe characters, with its own extension."""
    assert file_name(Source(f"https://p.test{path}"), "image/webp") == name


@given(st.text(st.characters(codec="ascii"), max_size=100))
def test_headers_hold_nothing_that_splits_them(path: str):
    """Whatever a URL holds, no header has a line break or anything but printable ASCII."""
    blob = Blob(data=b"x", meta=meta_of(b"x"), key="k", source=Source(f"https://p.test/{path}"))
    assert all(v.isprintable() and v.isascii() for v in headers_of(blob).values())


@pytest.mark.parametrize("name", ["media_type", "sha256", "source_sha256", "degraded"])
@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: x", "a\x00", "ü", "x" * 129, "a b"])
def test_texts_that_would_not_fit_a_header(name: str, text: str):
    """What somebody else wrote into the store does not become a header."""
    with pytest.raises(ValueError, match=name):
        BlobMeta.from_texts(meta_of(b"x").to_texts() | {name: text})


def test_a_link_too_long_for_proxies_is_left_out():
    """The longest plain URL is named; one that grows by escaping is not named in part but not at all."""
    plain = Blob(data=b"x", meta=meta_of(b"x"), key="k", source=Source("https://p.test/" + "x" * 3057))
    grown = Blob(data=b"x", meta=meta_of(b"x"), key="k", source=Source("https://p.test/?" + "<" * 3000))
    assert len(headers_of(plain)["Link"]) > 3072
    assert "Link" not in headers_of(grown)
