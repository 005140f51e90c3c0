"""Files of our own."""

import gzip
import re

from imgsvc.web.files import OwnFile


def test_tags_are_strong_and_one_for_each_encoding():
    """The same bytes have the same tag, others another, and so has their compressed form."""
    one, same, other = (OwnFile.of("text/css", body) for body in (b"a", b"a", b"b"))

    assert one == same
    assert len({one.plain.etag, one.zipped.etag, other.plain.etag, other.zipped.etag}) == 4
    assert all(re.fullmatch(r'"[0-9a-z-]+"', tag) for tag in (one.plain.etag, one.zipped.etag))
    assert gzip.decompress(one.zipped.body) == one.plain.body
