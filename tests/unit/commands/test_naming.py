"""Names on the command line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.commands.naming import file_stem, with_scheme


@settings(deadline=None)
@given(st.text())
def test_a_files_name_is_never_a_path(text):
    """Whatever it is made of, it is one component, and neither hidden nor empty."""
    stem = file_stem(text, "picture")

    assert Path(stem).parts == (stem,)
    assert not stem.startswith(".")


@pytest.mark.parametrize("url", ["http://a", "HTTPS://a", "s3://k", "store:k", "ftp://a"])
def test_what_has_a_scheme_keeps_it(url):
    """Whether it is a good one is for others to say."""
    assert with_scheme(url) == url


@pytest.mark.parametrize("url", ["a.test", "a.test:80/x", "localhost:3000/a?u=http://b"])
def test_without_a_scheme_it_is_https(url):
    """As a browser's address bar has it."""
    assert with_scheme(url) == f"https://{url}"
