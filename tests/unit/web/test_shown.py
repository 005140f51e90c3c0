"""What logs and traces show of a path."""

import pytest

from imgsvc.web.shown import shown_path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/api/cache/images", "/api/cache/images"),
        ("/logo/a%20b.test", "/logo/a%20b.test"),
        ("/api/cache/images%3Furl=https://a.test/&sig=s3cret", "/api/cache/images"),
        ("/logo/https%3A%2F%2Fa.test%2F%3ftoken=s3cret", "/logo/https%3A%2F%2Fa.test%2F"),
        ("/logo/https%253A%252F%252Fa.test%252F%25253Ftoken=s3cret", "/logo/https%253A%252F%252Fa.test%252F"),
        ("/logo/user:s3cret@a.test", "/logo/***@a.test"),
        ("/logo/https%3A%2F%2Fuser:s3cret%40a.test", "/logo/***@a.test"),
        ("/logo/s3cret%2540a.test", "/logo/***@a.test"),
        ("/logo/s3@cret@a.test/s3cret@b.test", "/logo/***@a.test/***@b.test"),
    ],
)
def test_no_secret_is_shown(path, shown):
    """No query that was escaped into the path, and nobody who stands before an at sign."""
    assert shown_path(path) == shown
