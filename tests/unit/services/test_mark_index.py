"""The index of marks against the plain list that it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imgsvc.model.blob import tags_of
from imgsvc.model.purge import Mark
from imgsvc.model.source import Source
from imgsvc.services.mark_index import UNTOUCHED, MarkIndex, Verdict

HOSTS = ["a.test", "b.a.test", "c.b.a.test", "test", "[::1]:8443", "10.0.0.1"]
PATHS = ["/", "/x", "/x/y.jpg", "/x/y.jpg?q=1"]
SOURCES = st.builds(lambda host, path: Source(f"https://{host}{path}"), st.sampled_from(HOSTS), st.sampled_from(PATHS))
SOURCES |= st.sampled_from([Source.stored("images/logos/a.png"), Source("http://a.test/x")])
WORDS = st.lists(st.sampled_from(["red", "blue", "a.test", "url:x"]), unique=True, max_size=3)
NAMED = st.one_of(
    st.builds(lambda source: ("url", source.url), SOURCES),
    st.builds(lambda source: ("prefix", source.url), SOURCES),
    st.builds(lambda host: ("domain", host), st.sampled_from(["a.test", "*.a.test", "*.test", "*.b.a.test", "::1"])),
    st.builds(lambda word: ("tag", word), st.sampled_from(["red", "a.test", "b.a.test"])),
    st.builds(lambda source: ("tag", f"url:{source.h16}"), SOURCES),
    st.just(("all", "")),
)
MARKS = st.builds(
    lambda named, hard, time, swept: Mark(*named, hard, time, swept),
    NAMED, st.booleans(), st.integers(1, 9).map(float), st.booleans(),
)  # fmt: skip


SOURCE = Source("https://cdn.example.com/a/b.jpg?x=1")
STORED = Source.stored("images/logos/a.png")


@pytest.mark.parametrize(
    ("kind", "value", "source", "hit"),
    [
        ("url", SOURCE.url, SOURCE, True),
        ("url", "https://cdn.example.com/a/b.jpg", SOURCE, False),
        ("url", STORED.url, STORED, True),
        ("prefix", "https://cdn.example.com/", SOURCE, True),
        ("prefix", "https://cdn.example.com/a/b", SOURCE, True),
        ("prefix", "https://cdn.example.com/A", SOURCE, False),
        ("prefix", "http://cdn.example.com/", SOURCE, False),
        ("domain", "cdn.example.com", SOURCE, True),
        ("domain", "example.com", SOURCE, False),
        ("domain", "*.example.com", SOURCE, True),
        ("domain", "*.cdn.example.com", SOURCE, False),
        ("domain", "*.com", SOURCE, True),
        ("domain", "*.ample.com", SOURCE, False),
        ("domain", "*.com", STORED, False),
        ("tag", "red", SOURCE, True),
        ("tag", "re", SOURCE, False),
        ("tag", "cdn.example.com", SOURCE, True),
        ("tag", f"url:{SOURCE.h16}", SOURCE, True),
        ("tag", f"url:{STORED.h16}", STORED, True),
        ("all", "", STORED, True),
    ],
)
def test_what_a_mark_names(kind, value, source, hit):
    """URLs are compared whole, prefixes from the start, suffixes of hosts label by label, words one by one."""
    index = MarkIndex([Mark(kind, value, hard=False, time=1)])

    assert index.latest(source, "blue red") == hit


def names(mark: Mark, source: Source, words: str) -> bool:
    """Whether a mark names a source, by what its kind means."""
    match mark.kind:
        case "url":
            return source.url == mark.value
        case "prefix":
            return source.url.startswith(mark.value)
        case "domain":
            suffix = mark.value.removeprefix("*")
            return source.host == suffix or (suffix != mark.value and source.host.endswith(suffix))
        case "tag":
            return mark.value in tags_of(source, words)
        case "all":
            return True


def naive(marks: list[Mark], source: Source, words: str, fetched_at: float) -> Verdict:
    """Judge by going through all marks there ever were."""
    hits = [m for m in marks if m.time > fetched_at and names(m, source, words)]
    if any(mark.hard for mark in hits):
        return Verdict(is_gone=True)
    return Verdict(stale_since=max(mark.time for mark in hits)) if hits else UNTOUCHED


@given(st.lists(MARKS, max_size=12), SOURCES, WORDS, st.integers(0, 10))
def test_verdicts_are_those_of_the_list(marks, source, words, fetched_at):
    """Look-ups by name find what a walk through all marks finds."""
    index, text = MarkIndex(marks), " ".join(words)

    assert index.verdict(source, text, fetched_at) == naive(marks, source, text, fetched_at)
    latest = max((m.time for m in marks if names(m, source, text)), default=0)
    assert index.latest(source, text) == latest
    assert index.newest == max((m.time for m in marks), default=0)
    assert index.newest_tag == max((m.time for m in marks if m.kind == "tag"), default=0)


@given(st.lists(MARKS, max_size=12), st.sets(st.integers(0, 11)), SOURCES, st.integers(0, 10))
def test_what_is_removed_counts_no_more(marks, numbers, source, fetched_at):
    """An index from which marks were removed is one that never had them."""
    index = MarkIndex(marks)
    removed = [mark for number, mark in enumerate(index) if number in numbers]
    left = [mark for mark in index if mark not in removed]

    index.remove(removed)

    assert list(index) == left
    assert len(index) == len(left)
    assert index.verdict(source, "red", fetched_at) == naive(left, source, "red", fetched_at)
    assert (index.newest, index.newest_tag) == (MarkIndex(left).newest, MarkIndex(left).newest_tag)
    index.remove(left)
    assert not index._origins


def test_of_one_name_the_latest_counts():
    """An older one changes nothing, a swept one of the same time does; removing an older one does not remove it."""
    mark = Mark("tag", "red", hard=True, time=5)
    index = MarkIndex([mark])

    index.add(replace(mark, time=4))
    assert list(index) == [mark]
    index.add(replace(mark, swept=True))
    assert index.get(mark) == replace(mark, swept=True)
    index.remove([mark])
    assert len(index) == 1
    index.add(replace(mark, hard=False, time=9))
    assert len(index) == 2
