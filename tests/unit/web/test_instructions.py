"""From the body of a purge to instructions."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import BadKey, ImgsvcError, InvalidRequest, MissingUrl, ObjectNotFound, SchemeNotAllowed
from imgsvc.model.purge import Instructions
from imgsvc.model.source import Source
from imgsvc.web.instructions import read_instructions


def read(**members) -> Instructions:
    return read_instructions(json.dumps(members).encode())


def test_everything_at_once():
    """Each list is brought into normal form, and what it names twice is named once."""
    assert read(
        urls=["HTTPS://A.test:443/x", "https%3A%2F%2Fa.test%2Fx", "store:images/logos/a.png"],
        prefixes=["https://A.test/"],
        domains=["*.A.test", "*.a.test."],
        tags=["red", "red"],
        hard=True,
    ) == Instructions(
        urls=(Source("https://a.test/x"), Source.stored("images/logos/a.png")),
        prefixes=("https://a.test/",),
        domains=("*.a.test",),
        tags=("red",),
        hard=True,
    )


def test_soft_unless_said_otherwise():
    """What is left out is empty, and ``hard`` is false."""
    assert read(tags=["red"]) == Instructions(tags=("red",))
    assert read() == Instructions()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", "body"), (b"{", "body"), (b"[]", "body"), (b'"x"', "body"), (b"\xff", "body"), (b"[" * 100_000, "body"),
        (b'{"tags": "red"}', "tags"),
        (b'{"tags": [1]}', "tags"), (b'{"tags": null}', "tags"), (b'{"domains": {"a": 1}}', "domains"),
        (b'{"tags": ["a"], "hard": 1}', "hard"), (b'{"tags": ["a"], "hard": null}', "hard"),
        (b'{"tags": ["a"], "url": []}', "url"), (b'{"tags": ["a b"]}', "tags"), (b'{"domains": ["*"]}', "domains"),
        (b'{"prefixes": ["https://exam"]}', "prefixes"), (b'{"urls": ["/x"]}', "urls"),
        (json.dumps({"tags": ["a"] * 1001}).encode(), "tags"),
        (json.dumps({"tags": ["a"], "domains": ["a.test"] * 1000}).encode(), "domains"),
    ],
)  # fmt: skip
def test_bad_bodies(body, param):
    """What is not understood is refused as a whole, with the member at fault."""
    with pytest.raises(InvalidRequest) as caught:
        read_instructions(body)
    assert caught.value.param == param
    assert type(caught.value) is InvalidRequest


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("", MissingUrl),
        ("ftp://a.test/", SchemeNotAllowed),
        ("s3://images/../x", BadKey),
        ("s3://purge/x.json", ObjectNotFound),
    ],
)
def test_bad_urls_have_their_own_codes(url, error):
    """A source is read as it is where pictures are asked for."""
    with pytest.raises(error):
        read(urls=["https://a.test/", url])


def test_a_thousand_are_taken():
    """The bound is on all of them together."""
    assert len(read(tags=[f"t{n}" for n in range(500)], domains=[f"d{n}.test" for n in range(500)]).tags) == 500


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5)


@given(st.binary() | st.dictionaries(st.sampled_from(["urls", "prefixes", "domains", "tags", "hard", "x"]), JSON))
def test_total(body):
    """Any body is instructions or an error of ours."""
    try:
        instructions = read_instructions(body if isinstance(body, bytes) else json.dumps(body).encode())
    except ImgsvcError:
        return
    named = (instructions.urls, instructions.prefixes, instructions.domains, instructions.tags)
    assert len(instructions.marks(1)) == sum(map(len, named))
