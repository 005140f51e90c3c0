"""One walk through the store: what goes, and what stays."""

import json

import pytest

from imgsvc.errors import StoreError
from imgsvc.model.keys import source_prefix
from imgsvc.model.purge import Mark
from imgsvc.model.source import Source
from imgsvc.services.sweep import Sweep
from tests.support.blobs import meta_of
from tests.support.marks import replica
from tests.support.spine_parts import START, Clock

A, B = Source("https://a.test/1.png"), Source("https://b.test/1.png")
LOGO = Source.stored("images/logos/a.png")
ASSET_ID = "0192f3a0-4b5c-7d8e-9f00-112233445566"
HARD_A = Mark("domain", "a.test", hard=True, time=START)
OLD, NEW = int(START) - 10, int(START) + 10


@pytest.fixture
async def one(tmp_path):
    async with replica(tmp_path, Clock(START)) as one:
        yield one


async def put(one, key: str, fetched_at: int, data: bytes = b"data") -> None:
    await one.store.put(key, data, meta_of(data, fetched_at=fetched_at))


async def put_record(one, source: Source, fetched_at: int, key_of: Source | None = None, **members) -> None:
    data = json.dumps({"url": source.url, "fetched_at": fetched_at, "tags": "red blue"} | members).encode()
    await put(one, f"{source_prefix(key_of or source)}source.json", fetched_at, data)


async def swept(one, *marks: Mark) -> tuple[list[str], int]:
    """Sweep; give what is left below ``images/``, by source and name, and how many were deleted."""
    sweep = Sweep(one.store, marks or [HARD_A], one.purges._remove)
    await sweep.run()
    names = {source_prefix(source): f"{name}/" for source, name in ((A, "a"), (B, "b"), (LOGO, "logo"))}
    left = [key async for key in one.store.list("images/")]
    return sorted(names.get(key[:30], key[:30]) + key[30:] for key in left), sweep.deleted


@pytest.mark.parametrize(
    "mark",
    [
        HARD_A,
        Mark("prefix", "https://a.test/", hard=True, time=START),
        Mark("url", A.url, hard=True, time=START),
        Mark("tag", f"url:{A.h16}", hard=True, time=START),
    ],
)
async def test_a_source_goes_as_a_whole(one, mark):
    """All of a source that was fetched before the mark goes, and nothing of another."""
    for source in (A, B):
        await put_record(one, source, OLD)
        await put(one, f"{source_prefix(source)}original", OLD)
        await put(one, f"{source_prefix(source)}t1,w10.png", OLD)

    assert await swept(one, mark) == (["b/original", "b/source.json", "b/t1,w10.png"], 3)


@pytest.mark.parametrize("kind", ["prefix", "domain"])
async def test_an_asset_goes_as_a_whole(one, kind):
    """What lies below an asset's id is its source's, and no other's."""
    asset = Source(f"https://a.test/api/assets/{ASSET_ID}", asset_id=ASSET_ID)
    await put_record(one, asset, OLD)
    await put(one, f"{source_prefix(asset)}original", OLD)
    await put_record(one, B, OLD)
    value = {"prefix": "https://a.test/api/", "domain": "a.test"}[kind]

    assert await swept(one, Mark(kind, value, hard=True, time=START)) == (["b/source.json"], 2)


async def test_an_asset_of_before_another_server(one):
    """Under an id whose record is of another source only what is older than the marks goes."""
    asset = Source(f"https://a.test/api/assets/{ASSET_ID}", asset_id=ASSET_ID)
    await put_record(one, B, NEW, key_of=asset)
    await put(one, f"{source_prefix(asset)}original", OLD)
    await put(one, f"{source_prefix(asset)}new.png", NEW)

    assert await swept(one) == ([f"images/assets/{ASSET_ID}/{name}" for name in ("new.png", "source.json")], 1)


async def test_by_word(one):
    """A record's words count."""
    await put_record(one, A, OLD)
    await put_record(one, B, OLD, tags="green")

    assert await swept(one, Mark("tag", "blue", hard=True, time=START)) == (["b/source.json"], 1)


async def test_what_was_fetched_anew_stays_but_for_old_variants(one):
    """Beside a newer record an older variant would be answered again once the mark is dropped; so it goes."""
    await put_record(one, A, NEW)
    await put(one, f"{source_prefix(A)}original", NEW)
    await put(one, f"{source_prefix(A)}old.png", OLD)
    await put(one, f"{source_prefix(A)}same.png", int(START))

    assert await swept(one) == (["a/original", "a/same.png", "a/source.json"], 1)


@pytest.mark.parametrize(
    "record",
    [
        b"{}", b"[]", b"no json", b'{"url": 1, "fetched_at": 1}', b'{"url": "https://b.test/1.png"}', b"[" * 100_000,
        None,
    ],
)  # fmt: skip
async def test_without_a_record_the_old_goes(one, record):
    """Whose it is nobody knows, so what is old is taken with the rest; what is new stays."""
    if record is not None:
        await put(one, f"{source_prefix(B)}source.json", NEW, record)
    await put(one, f"{source_prefix(B)}old.png", OLD)
    await put(one, f"{source_prefix(B)}new.png", NEW)

    left, deleted = await swept(one)
    assert left == ["b/new.png", *(["b/source.json"] if record else [])]
    assert deleted == 1


async def test_a_record_of_another_source(one):
    """A record that lies where it does not belong says nothing of what lies there, and nothing of the one it names."""
    await put_record(one, A, OLD, key_of=B)
    await put(one, f"{source_prefix(B)}new.png", NEW)
    await put(one, f"{source_prefix(A)}original", NEW)
    await put_record(one, A, NEW)

    assert await swept(one) == (["a/original", "a/source.json", "b/new.png"], 1)


async def test_what_is_elsewhere_stays(one):
    """Logos, folders that are no source's, and what somebody else put there are left alone."""
    await put(one, "images/logos/a.png", OLD)
    await put(one, "images/image/strange/x.png", OLD)
    await put(one, "images/image/file", OLD)

    left, deleted = await swept(one)
    assert (len(left), deleted) == (3, 0)


async def test_several_marks_are_one_walk(one):
    """However many marks there are, the store is listed once and each record read once."""
    for source in (A, B):
        await put_record(one, source, OLD)
    marks = [HARD_A, Mark("url", B.url, hard=True, time=START), Mark("tag", "none", hard=True, time=START)]
    one.store.asked.clear()

    assert await swept(one, *marks) == ([], 2)
    assert one.store.asked.count(("list", "images/image/")) == 1


async def test_sources_by_name_need_no_walk(one):
    """Where only URLs are named nothing is looked for."""
    await put_record(one, LOGO, OLD)
    await put_record(one, B, OLD)
    one.store.asked.clear()

    assert await swept(one, Mark("url", LOGO.url, hard=True, time=START)) == (["b/source.json"], 1)
    assert ("list", "images/image/") not in one.store.asked


@pytest.mark.parametrize("failing", ["list", "get", "delete"])
async def test_a_failing_store_ends_it(one, failing):
    """Whoever asked is told."""
    await put_record(one, A, OLD)
    one.store.failing = {failing}

    with pytest.raises(StoreError):
        await swept(one)
