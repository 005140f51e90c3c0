"""URLs with places in them."""

import pytest

from imgsvc.model.templates import check_template, fill_template, has_size, shown_template


@pytest.mark.parametrize(
    "template",
    [
        "https://a.test/{domain}", "http://a.test:9000/x?d={domain}&s={size}", "https://a.test/{domain}/{size}.png?t=1",
    ],
)  # fmt: skip
def test_good_ones(template):
    """An http(s) URL with a place for a domain in its path or query passes as it is."""
    assert check_template(template) == template


@pytest.mark.parametrize(
    "template",
    [
        "", "https://a.test/", "https://{domain}/", "https://{domain}.a.test/", "{domain}://a.test/{domain}",
        "ftp://a.test/{domain}", "https://a.test/{domain}{", "https://a.test/{domain}/{name}", "https://a.test/#{domain}",
        "https://user:secret@a.test/{domain}", "https://a.test:99999/{domain}",
    ],
)  # fmt: skip
def test_bad_ones(template):
    """Anything else is refused, and not said again: it may hold a token."""
    with pytest.raises(ValueError, match=r".+") as caught:
        check_template(template)
    assert "secret" not in str(caught.value)


def test_filled():
    """Places are filled with a domain and a size, and the result is a normalised URL."""
    assert fill_template("https://A.test/{domain}?s={size}", "xn--a.test", 256) == "https://a.test/xn--a.test?s=256"
    assert has_size("https://a.test/{domain}?s={size}")
    assert not has_size("https://a.test/{domain}")


def test_shown():
    """Nothing behind the host is shown: it may be a token."""
    assert shown_template("https://a.test:81/t/{domain}?token=t") == "https://a.test:81/***"
