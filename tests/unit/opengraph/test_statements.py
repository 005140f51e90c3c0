"""What the objects in a page's JSON-LD have to do with the page."""

import json

import pytest

from imgsvc.opengraph.statements import Role, Statements


def said(*values: object) -> Statements:
    return Statements.of([json.dumps(value) for value in values])


@pytest.mark.parametrize(
    ("item", "role"),
    [
        ({"@type": "NewsArticle"}, Role.SUBJECT), ({"@type": ["Product", "ImageObject"]}, Role.SUBJECT),
        ({"@type": "Product", "logo": "l"}, Role.SUBJECT), ({"@type": "ItemPage"}, Role.PAGE),
        ({"@type": "FAQPage", "mainEntity": []}, Role.PAGE), ({"@type": "Person"}, Role.OTHER),
        ({"@type": "OnlineStore", "logo": "l"}, Role.OTHER), ({"@type": "LocalBusiness"}, Role.OTHER),
        ({"@type": "Question"}, Role.OTHER), ({"@type": "WebSite"}, Role.FRAME), ({"@type": "ImageObject"}, Role.FRAME),
        ({"@type": "ProfilePage", "mainEntity": {}}, Role.FRAME), ({"@type": "BreadcrumbList"}, None),
        ({"@type": ["ListItem", "SearchAction"]}, None), ({"@type": []}, None), ({}, None),
    ],
)  # fmt: skip
def test_roles(item, role):
    """Each type has its role; paths through the site, and what has no type, have none."""
    assert [found for found, _ in said(item).subjects] == ([] if role is None else [role])


def test_order():
    """What the page is likeliest about comes first, of equals what stands first."""
    kinds = ["WebSite", "Person", "WebPage", "Recipe", "Article", "BreadcrumbList"]
    found = said(*({"@type": kind} for kind in kinds))

    assert [item["@type"] for _, item in found.subjects] == ["Recipe", "Article", "WebPage", "Person", "WebSite"]
    assert [item["@type"] for item in found.spoken] == kinds


def test_what_is_only_mentioned():
    """An author may be referred to and has a logo, but the page does not speak of it."""
    found = said({"@type": "Article", "author": {"@type": "Organization", "@id": "#a", "name": "A", "logo": "l"}})

    assert [item["@type"] for item in found.spoken] == ["Article"]
    assert found.by_id["#a"]["name"] == "A"
    assert found.logos == ("l",)


@pytest.mark.parametrize(
    ("kinds", "groups"),
    [
        (["Article", "WebPage", "Person", "WebSite"], [["Article"], ["WebPage"]]),
        (["WebPage", "Person"], [["WebPage"]]), (["WebSite", "Person"], [["Person"], ["WebSite"]]),
        (["Product", "Product"], [["Product", "Product"]]), (["BreadcrumbList"], []), ([], []),
    ],
)  # fmt: skip
def test_pictured(kinds, groups):
    """Groups follow each other as they are asked for pictures; nobody's face stands for what the page is about."""
    found = said(*({"@type": kind} for kind in kinds))

    assert [[item["@type"] for item in group] for group in found.pictured()] == groups
