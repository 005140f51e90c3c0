"""What a logo and its record are called."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.logos.keys import domain_of_key, logo_key, logo_record_key
from imgsvc.model.formats import ImageFormat
from imgsvc.model.keys import validate_key

HOSTS = st.from_regex(r"([a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?\.){1,5}[a-z]{2,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("domain", "source", "image_format", "key"),
    [
        ("example.com", "google", ImageFormat.PNG, "images/logos/example_com_google_a379a6f6.png"),
        ("docs.example.co.uk", "duckduckgo", ImageFormat.ICO, "images/logos/docs_example_co_uk_ddg_9762f51c.ico"),
        ("docs.example.co.uk", "ddg", ImageFormat.ICO, "images/logos/docs_example_co_uk_ddg_9762f51c.ico"),
    ],
)
def test_golden_keys(domain, source, image_format, key):
    """The keys are those that the contract gives as examples."""
    assert logo_key(domain, source, image_format) == key


def test_record():
    """A record is named by its domain as it is written."""
    assert logo_record_key("docs.example.co.uk") == "images/logos/docs.example.co.uk.json"


@settings(deadline=None)
@given(HOSTS, st.sampled_from(["link-icon", "google", "duckduckgo", "json-ld"]), st.sampled_from(ImageFormat))
def test_keys_lead_back(domain, source, image_format):
    """Every key is a valid one of the store, and says which domain it is of."""
    key = logo_key(domain, source, image_format)

    assert validate_key(key) == key
    assert domain_of_key(key) == domain
    assert domain_of_key(logo_record_key(domain)) == domain


@pytest.mark.parametrize(
    "text",
    [
        "", "example.com", "images/logos/", "images/logos/example_com_google_00000000.png", "images/logos/a/b.json",
        "images/logos/../x.json", "images/image/0123456789abcdef/source.json", "images/logos/example_com.png",
        "images/logos/EXAMPLE.com.json", "images/logos/example_com_google_a379a6f6.png/x",
    ],
)  # fmt: skip
def test_no_keys(text):
    """What is no logo's key, or carries another domain's hash, leads nowhere."""
    assert domain_of_key(text) is None


def test_two_hosts_with_one_spelling():
    """Hosts that read the same once their dots are gone have keys of their own."""
    assert logo_key("a.b.test", "google", ImageFormat.PNG) != logo_key("a_b.test", "google", ImageFormat.PNG)
