"""Organisations in JSON-LD."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.pages.json_ld import MAX_LOGOS, MAX_ORGANISATIONS, MAX_VALUES, Organisation, objects, organisations, types

BASE = "https://a.test/"


def found(*values):
    return organisations([value if isinstance(value, str) else json.dumps(value) for value in values], BASE)


def organisation(logo, **others):
    return {"@type": "Organization", "name": "A", "logo": logo} | others


@pytest.mark.parametrize(
    ("logo", "urls"),
    [
        ("/l.png", (BASE + "l.png",)), ({"@type": "ImageObject", "url": "l.png"}, (BASE + "l.png",)),
        ({"contentUrl": "l.png"}, (BASE + "l.png",)), ({"url": ["l.png", "m.png"]}, (BASE + "l.png", BASE + "m.png")),
        (["l.png", {"url": "m.png"}, "l.png"], (BASE + "l.png", BASE + "m.png")),
        ({"url": {"@id": "l.png"}}, (BASE + "l.png",)),
        ({"@id": "#logo"}, ()), ({}, ()), (None, ()), (7, ()), ("javascript:x", ()), ([[7]], ()),
        ({"url": 7}, ()),
    ],
)  # fmt: skip
def test_logos(logo, urls):
    """A logo is a text, an ImageObject, or several; what is none is left out."""
    assert found(organisation(logo)) == (Organisation("A", urls),)


@pytest.mark.parametrize(
    "value",
    [
        organisation("l.png"), [organisation("l.png")], {"@graph": [{"@type": "WebSite"}, organisation("l.png")]},
        {"@type": "Article", "publisher": organisation("l.png")},
        organisation("l.png", **{"@type": ["Thing", "Corporation"]}),
        organisation("l.png", **{"@type": "https://schema.org/Brand"}),
        organisation("l.png", **{"@type": "schema:Dentist"}),
        organisation("l.png", name=["A", "B"]), organisation("l.png", name={"@value": "A", "@language": "en"}),
        [organisation({"@id": "#l"}), {"@id": "#l", "@type": "ImageObject", "url": "l.png"}],
    ],
)  # fmt: skip
def test_shapes(value):
    """An organisation is found in all the shapes that sites write it in."""
    assert Organisation("A", (BASE + "l.png",)) in found(value)


@pytest.mark.parametrize(
    "value",
    [{"@type": "Product", "logo": "l.png"}, {"name": "A", "logo": "l.png"}, {"@type": "Organization"},
     {"@type": 7, "logo": "x"},
     {"@type": ["Person"], "name": "A"}, {"@type": None}, [], "", "x", 7],
)  # fmt: skip
def test_others(value):
    """What is no organisation, or says nothing of itself, is left out."""
    assert found(value) == ()


def test_character_references():
    """They are decoded once, in names as in addresses, where a semicolon says that they are meant."""
    (one,) = found(organisation("l.png?a=1&amp;b=2&copy=4", name="R&amp;D &#8211; &amp;amp; &zzz; &#0;"))

    assert one == Organisation("R&D – &amp; &zzz; \ufffd", (BASE + "l.png?a=1&b=2&copy=4",))


def test_references_across_scripts():
    """A logo may be described in another script than its organisation, and addresses are absolute."""
    first = organisation({"@id": "#l"}, url="/en/")

    assert found(first, {"@id": "#l", "url": "/l.png"}, first) == (Organisation("A", (BASE + "l.png",), BASE + "en/"),)


def test_bounds():
    """However much there is, only so much is found."""
    logos = [f"{n}.png" for n in range(100)]

    assert len(found([organisation(logos, name=str(n)) for n in range(100)])) == MAX_ORGANISATIONS
    assert len(found(organisation(logos))[0].logo_urls) == MAX_LOGOS
    assert len(objects([json.dumps([{}] * 20_000)])) < MAX_VALUES


def test_order():
    """Objects come in the order in which they open."""
    text = json.dumps({"n": 1, "a": {"n": 2, "b": [{"n": 3}]}, "c": {"n": 4}})

    assert [item["n"] for item in objects([text, '{"n": 5}'])] == [1, 2, 3, 4, 5]


def test_types():
    """Types lose their vocabulary's address and their case."""
    assert types({"@type": ["http://schema.org/Store", "x#Brand", "schema:A", None]}) == {"store", "brand", "a"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["Organization", "l.png", "#l", "//[", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@type", "@id", "@graph", "@value", "logo", "url", "name", "contentUrl"]), inner
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, derandomize=True)
@given(st.lists(JSON, max_size=3))
def test_never_raises(values):
    """Values of any type in any place are harmless, and what is found can be written as UTF-8."""
    for item in found(*map(json.dumps, values)):
        "".join((item.name, *item.logo_urls, item.url or "")).encode()
