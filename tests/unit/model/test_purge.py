"""Marks and what they are made of."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imgsvc.errors import ImgsvcError, InvalidRequest
from imgsvc.model.hosts import normalise_url
from imgsvc.model.purge import Instructions, Mark, domain_of, prefix_of, source_of, tag_of
from imgsvc.model.source import Source

SOURCE = Source("https://cdn.example.com/a/b.jpg?x=1")
STORED = Source.stored("images/logos/a.png")
MARK = Mark("prefix", "https://cdn.example.com/a/", hard=True, time=1000.5)

MARKS = st.builds(
    lambda named, hard, time, swept: Mark(*named, hard, time, swept),
    st.sampled_from(
        [
            ("url", SOURCE.url), ("url", STORED.url), ("prefix", "https://a.test/x"), ("domain", "*.a.test"),
            ("domain", "::1"), ("tag", "url:0123456789abcdef"), ("all", ""),
        ]
    ),
    st.booleans(),
    st.floats(0, 1e11),
    st.booleans(),
)  # fmt: skip


@given(MARKS)
def test_roundtrip(mark):
    """What is written is read back, as text and as bytes."""
    assert Mark.parse(mark.to_json()) == mark == Mark.parse(mark.to_json().decode())


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "host"}, {"kind": ["url"]}, {"kind": None}, {"value": 1}, {"value": "https://cdn.example.com"},
        {"value": "HTTPS://cdn.example.com/"}, {"value": ""}, {"hard": 1}, {"hard": "true"}, {"time": "1"},
        {"time": True}, {"time": -1}, {"time": None}, {"time": 10**400}, {"swept": 0}, {"more": 1},
        {"kind": "all"}, {"kind": "tag", "value": "a b"}, {"kind": "domain"}, {"kind": "url", "value": "ftp://a.test/"},
    ],
)  # fmt: skip
def test_garbage_is_no_mark(change):
    """A member that is missing, strange, of another kind or not in normal form makes it none."""
    members = json.loads(MARK.to_json())

    assert Mark.parse(json.dumps(members)) == MARK
    assert Mark.parse(json.dumps(members | change)) is None
    for name in members:
        assert Mark.parse(json.dumps({n: v for n, v in members.items() if n != name})) is None


@given(st.binary() | st.text() | st.sampled_from(["[]", "1", "null", "{}", '"x"', "[" * 100_000, '{"time": NaN}']))
def test_any_bytes_are_a_mark_or_none(data):
    """Nothing that lies in the store or is announced can raise."""
    assert Mark.parse(data) is None


@pytest.mark.parametrize("seconds", ["NaN", "Infinity", "-Infinity"])
def test_a_mark_has_a_time(seconds):
    """Times that are no numbers, which JSON of Python's can hold, are none."""
    assert Mark.parse(MARK.to_json().decode().replace("1000.5", seconds)) is None


def test_keys_tell_marks_apart():
    """Whatever differs, the time and the end of its sweep included, lies elsewhere; equal marks are one object."""
    others = [
        replace(MARK, hard=False), replace(MARK, time=1000.6), replace(MARK, swept=True),
        replace(MARK, value="https://cdn.example.com/b/"), Mark("all", "", hard=True, time=1000.5),
    ]  # fmt: skip

    assert len({MARK.key, *(mark.key for mark in others)}) == 6
    assert MARK.key == replace(MARK).key
    assert MARK.key.startswith("purge/")
    assert MARK.key.endswith(".json")
    assert MARK.name == others[1].name == others[2].name
    assert MARK.name != others[0].name
    assert MARK.rank < others[2].rank < others[1].rank


def test_a_mark_from_the_future():
    """Its time can be brought down, never up."""
    assert MARK.not_after(900).time == 900
    assert MARK.not_after(1001) is MARK


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://A.test:443/", "https://a.test/"),
        ("http://bücher.test/ä", "http://xn--bcher-kva.test/%C3%A4"),
        ("https://a.test/x?", "https://a.test/x?"),
        ("https://a.test/x?y=", "https://a.test/x?y="),
        ("https://a.test/x/../y", "https://a.test/y"),
        ("https://a.test/.well", "https://a.test/.well"),
        ("https://[::1]:8443/a%2f", "https://[::1]:8443/a%2F"),
    ],
)
def test_prefixes(text, normal):
    """A prefix has the form that URLs have, as far as it goes."""
    assert prefix_of(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "", "https", "https://", "https://exam", "https://a.test", "https://a.test?x", "https://a.test#/", "/a", "//a/",
        "ftp://a.test/", "https://u@a.test/", "https://a b/", "https://a.test/%", "https://a.test/x?y=%4",
        "https://a.test/.", "https://a.test/a/..", "https://*.test/", "s3://images/", "https://a.test/" + "x" * 3072,
    ],
)  # fmt: skip
def test_bad_prefixes(text):
    """Half a host, half an escape, another scheme, or nothing at all: whatever would name more than was meant."""
    with pytest.raises(InvalidRequest) as caught:
        prefix_of(text)
    assert caught.value.param == "prefixes"


@given(st.text(alphabet="/.%?=&ab2F~é ", max_size=20), st.text(alphabet="/.%?=&ab2F~é ", max_size=20))
def test_a_prefix_names_what_begins_with_it(head, tail):
    """A URL that begins, as text, with a prefix that is taken is named by it; but for dots, and a query of nothing."""
    try:
        prefix = prefix_of(f"https://a.test/{head}")
    except ImgsvcError:
        return
    url = normalise_url(f"https://a.test/{head}{tail}")
    assert url.startswith(prefix) or "." in f"{head}{tail}" or f"{head}{tail}".endswith("?")


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("A.Test.", "a.test"),
        ("*.A.test", "*.a.test"),
        ("[::1]", "::1"),
        ("10.0.0.1", "10.0.0.1"),
        ("bücher.test", "xn--bcher-kva.test"),
    ],
)
def test_domains(text, normal):
    """A host, or all below one, in the form that sources have."""
    assert domain_of(text) == normal


@pytest.mark.parametrize(
    "text", ["", "*", "*.", "**.a", "*.*.a", "a b", "https://a.test", "a.test/", "a:80", "a*.test"]
)
def test_bad_domains(text):
    """What is no host, and no suffix of hosts, is refused."""
    with pytest.raises(InvalidRequest) as caught:
        domain_of(text)
    assert caught.value.param == "domains"


def test_tags():
    """A word is short and plain."""
    assert tag_of("url:0_a./-Z") == "url:0_a./-Z"
    assert tag_of("x" * 64) == "x" * 64
    for bad in ("", "x" * 65, "a b", "a,b", "é", "a\n", "*"):
        with pytest.raises(InvalidRequest):
            tag_of(bad)


def test_instructions_become_marks():
    """One mark for each thing that is named, once."""
    instructions = Instructions(
        urls=(SOURCE, SOURCE, STORED),
        prefixes=("https://a.test/",),
        domains=("a.test",),
        tags=("a.test", "a.test"),
        hard=True,
    )

    assert [(mark.kind, mark.value) for mark in instructions.marks(5)] == [
        ("url", SOURCE.url),
        ("url", STORED.url),
        ("prefix", "https://a.test/"),
        ("domain", "a.test"),
        ("tag", "a.test"),
    ]
    assert {(mark.hard, mark.time, mark.swept) for mark in instructions.marks(5)} == {(True, 5, False)}


def test_sources_by_url():
    """A mark's or a record's URL gives its source back."""
    assert source_of(SOURCE.url) == SOURCE
    assert source_of(STORED.url) == STORED
