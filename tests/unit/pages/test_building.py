"""From attributes to typed tags."""

import pytest

from imgsvc.pages.parser import PageReader
from imgsvc.pages.sizes import ANY
from imgsvc.pages.tags import Link, Meta

URL = "https://a.test/dir/"


def read(markup, **options):
    reader = PageReader(URL, **options)
    reader.feed(markup.encode())
    return reader.finish()


@pytest.mark.parametrize(
    ("markup", "link"),
    [
        ("<link rel=icon href=i.png>", Link(frozenset(["icon"]), URL + "i.png")),
        ("<LINK REL='Shortcut\tICON' HREF='/i.png?a=1&amp;b=2'>", Link(frozenset(["shortcut", "icon"]), "https://a.test/i.png?a=1&b=2")),
        ("<link rel=icon href=i type='Image/SVG+xml; a=b' sizes='ANY 16x16' media=' (a: b)\n' color=red>",
         Link(frozenset(["icon"]), URL + "i", "image/svg+xml", (ANY, (16, 16)), "(a: b)", "red")),
        ("<link rel=icon href='data:image/svg+xml,<svg/>'>", Link(frozenset(["icon"]), "data:image/svg+xml,<svg/>")),
    ],
)  # fmt: skip
def test_links(markup, link):
    """A link is read with all it says."""
    assert read(markup).links == (link,)


@pytest.mark.parametrize(
    "markup",
    ["<link rel=icon>", "<link href=x>", "<link rel='' href=x>", "<link rel=icon href=''>",
     "<link rel=icon href=javascript:x>",
     "<link rel='preload stylesheet' href=x>", "<link rel=alternate hreflang=de href=x>", "<a rel=icon href=x>",
     "<style><link rel=icon href=x></style>", "<textarea><link rel=icon href=x></textarea>", "<link rel=icon href=x",
     "&lt;link rel=icon href=x&gt;", "<!-- <link rel=icon href=x> -->"],
)  # fmt: skip
def test_no_links(markup):
    """What leads nowhere, only hints, or is text, is no link."""
    assert read(markup).links == ()


@pytest.mark.parametrize(
    ("markup", "metas"),
    [
        ("<meta NAME=Theme-Color CONTENT=' #fff ' media=print>", (Meta("#fff", name="theme-color", media="print"),)),
        ("<meta name=a property=OG:b itemprop=c http-equiv=d content='&amp;\x01&eacute;'>",
         (Meta("&é", name="a", property="og:b", itemprop="c", http_equiv="d"),)),
        ("<meta charset=utf-8><meta content=x><meta name=x>", ()),
        ("<meta name=a content=''><meta name=b content=' '>", (Meta("", name="a"), Meta("", name="b"))),
        ("<noscript><meta http-equiv=refresh content='0;url=/x'></noscript>", ()),
    ],
)  # fmt: skip
def test_metas(markup, metas):
    """Metas keep their keys apart, lower-case; without key or content there is none; an empty one is one."""
    assert read(markup).metas == metas


SAID = (
    "<link rel=icon href=/t.png><meta name=a content=b><base href=/t/><title>t</title>"
    "<script type=application/ld+json>{}</script>"
)


@pytest.mark.parametrize(
    "markup",
    [
        f"<template>{SAID}</template>", f"<template><div><p>{SAID}</template>", f"<template>{SAID}",
        f"<template><template></template>{SAID}</template>", f"<template><noscript>{SAID}</noscript></template>",
        f"<noscript><template>{SAID}</template></noscript>",
    ],
)  # fmt: skip
def test_templates(markup):
    """What stands in a template is not said of the page, however it is nested; without the template it is."""
    inside, outside = read(markup), read(SAID)

    assert (inside.links, inside.metas, inside.json_ld, inside.title, inside.base_url) == ((), (), (), "", inside.url)
    assert (len(outside.links), len(outside.metas), len(outside.json_ld), outside.title) == (1, 1, 1, "t")
    assert outside.base_url != outside.url


def test_beside_templates():
    """After a template, and in what is for readers without scripts, links count."""
    page = read("<template><link rel=icon href=/t></template><link rel=icon href=/a><noscript><link rel=icon href=/n>")

    assert [link.href.rpartition("/")[2] for link in page.links] == ["a", "n"]


def test_content():
    """The first meta of a key that says something is found, whichever attribute calls it so."""
    page = read(
        "<meta name=og:logo content=''><meta property=og:logo content=a><meta name=og:logo content=b>"
        "<meta http-equiv=x content=c>"
    )

    assert page.content("og:logo") == "a"
    assert page.content("x") == ""


@pytest.mark.parametrize(
    ("markup", "base"),
    [
        ("<base href=//B.test/x/y><base href=/z>", "https://b.test/x/y"),
        ("<base target=_top><base href=../>", "https://a.test/"),
        ("<base href=data:image/png,x>", URL), ("<base href=javascript:x>", URL), ("", URL),
    ],
)  # fmt: skip
def test_base(markup, base):
    """The first base that leads anywhere holds, for what stands before it, too."""
    page = read(f"<link rel=icon href=i.png>{markup}<title>x</title>")

    assert page.base_url == base
    assert page.links[0].href == base.rpartition("/")[0] + "/i.png"


@pytest.mark.parametrize(
    ("content", "url"),
    [
        ("0; URL='/x'", "https://a.test/x"), ("0;url=x", URL + "x"), ('1 , Url = "/x" rest', "https://a.test/x"),
        ("0 /x", "https://a.test/x"),
        ("3.5; url=/x", "https://a.test/x"), ("10;url=/x", "https://a.test/x"), ("11;url=/x", None), ("0", None),
        ("0;", None),
        ("x", None), ("99999999999;url=/x", None), ("0;url=data:image/png,x", None), ("0;url=javascript:x", None),
    ],
)  # fmt: skip
def test_refresh(content, url):
    """A page that goes elsewhere within ten seconds says where."""
    assert read(f"<meta http-equiv=Refresh content='{content.replace(chr(39), '&#39;')}'>").refresh_url == url


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("<title>A &amp;amp;\n B</title>", "A &amp; B"), ("<title></title><title>B</title>", "B"),
        ("<title>A</title><title>B</title>", "A"),
        ("<svg><title>Icon</title></svg><title>A</title>", "A"), ("<title>cut", "cut"),
        ("<title>" + "x" * 9999, "x" * 500),
        ("<p><title>late</title>", "late"), ("<title>a<b>c</title>", "a<b>c"),
    ],
)  # fmt: skip
def test_title(markup, title):
    """The title is the first that says something, but not one of a drawing."""
    assert read(markup).title == title
