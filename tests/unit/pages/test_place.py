"""Where in a page the reader is."""

import pytest

from imgsvc.pages.parser import PageReader
from imgsvc.pages.place import says_logo


@pytest.mark.parametrize(
    "text", ["logo", "site-logo", "headerLogo", "acmelogo.png", "Header_logo__x1", "LOGO", "/logo_2x.png", "logotype",
    "the logos"]
)  # fmt: skip
def test_logos(text):
    """Names of logos are known by the word, wherever it stands in them."""
    assert says_logo(text)


@pytest.mark.parametrize(
    "text", ["", "login", "logout", "/img/catalogo.png", "blogosphere", "psicologo", "analogous", "dialogo",
    "technology", "lo-go"]
)  # fmt: skip
def test_no_logos(text):
    """Words that only hold the letters are no logos."""
    assert not says_logo(text)


IMAGE = '<img src="/i.png">'
LOGO = '<img src="/i.png" class="logo">'


def images(body):
    reader = PageReader("https://a.test/")
    reader.feed(f"<head><title>t</title></head><body>{body}<div>rest".encode())
    return [image.says_logo for image in reader.finish().header_images]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"<header>{LOGO}</header>", [True]), (f"<header>{IMAGE}{LOGO}{IMAGE}</header>", [False, True]),
        (f"<div role=banner>{LOGO}</div>", [True]),
        (f"<section class='x Site-Header'><div>{IMAGE}</div></section>", [False]),
        (f"<div class=elementor-location-header><section>{LOGO}</section></div>", [True]),
        (f"<header><a id=brand>{IMAGE}</a></header>", [True]), (f"<nav><h1 class=siteLogo>{IMAGE}</h1></nav>", [True]),
        (f"<header><a class=logo>x</a>{IMAGE}</header>", [False]), (f"<div>{LOGO}", [True]),
        (f"<main>{LOGO}</main>", []), (f"<h2>Partners</h2>{LOGO}", []), (f"<footer>{LOGO}", []),
        (f"<main><header>{LOGO}</header></main>", [True]),
        (f"<header></header><main><header>{LOGO}</header></main>", []),
        (f"<header><section><h2>x</h2>{IMAGE}</section>{LOGO}</header>", [False, True]),
        (f"<div class=product-header><article>{LOGO}</article></div>", []),
        (f"<header><noscript>{LOGO}</noscript></header>", [True]),
        (f"<header><template>{LOGO}</template></header>", [True]), ("<header><img class=logo></header>", []),
        ("<header><img src=/a/logo.svg></header>", [True]),
        ("<header><img alt='Our logo' src=/a.svg></header>", [True]),
        ("<header><img src=data:image/gif;base64,logo></header>", [False]),
        ("<header><img src='data:image/gif,x' data-src=/logo.svg></header>", [True]),
        ("<header><img srcset='/logo.svg 1x, /b.svg 2x'></header>", [True]), ("<header><img srcset=' '></header>", []),
    ],
)  # fmt: skip
def test_header_images(body, found):
    """Images count in the header, by what they or the elements around them are called, until the first logo."""
    assert images(body) == found


def test_header_images_are_bounded():
    """The logo is among at most eight images, even behind fifty others."""
    assert images(f"<header>{IMAGE * 50}{LOGO}") == [False] * 7 + [True]
