"""Recorded-style pages, read whole."""

from pathlib import Path

import pytest

from imgsvc.pages.parser import PageReader

FIXTURES = Path(__file__).with_name("fixtures")


@pytest.fixture
def read_fixture():
    """Gives a function from a fixture's name to its page."""

    def read(name, url, **options):
        reader = PageReader(url, **options)
        reader.feed((FIXTURES / name).read_bytes())
        return reader.finish()

    return read
