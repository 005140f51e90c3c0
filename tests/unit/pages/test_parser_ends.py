"""Heads that end sooner than a slice does, and what only spells their end."""

import pytest

from imgsvc.pages.collector import Extent
from imgsvc.pages.parser import PageReader
from tests.unit.pages.test_parser import URL, read


@pytest.mark.parametrize("spelt", [b"<script>'</head>'</script>", b"<!-- </head> -->", b"<meta content='</head>'>"])
def test_what_only_spells_the_end_of_the_head(spelt):
    """It ends nothing, be anything that can be seen in the head or not."""
    reader = PageReader(URL, extent=Extent.HEAD)

    assert reader.feed(b"<head><svg></svg>" + spelt + spelt + b"<link rel=icon href=/i.png>")
    assert len(reader.finish().links) == 1


@pytest.mark.parametrize("end", [b"</head>", b"</HEAD\n>"])
def test_a_short_head_ends_at_its_end(end):
    """Nothing that follows a head is waited for, be it shorter than a slice; a script that spells its end has none."""
    reader = PageReader(URL, extent=Extent.HEAD)

    assert reader.feed(b"<head><script>'</head>'</script><link rel=icon href=/i.png>")
    assert not reader.is_head_over
    assert not reader.feed(end)
    assert reader.is_head_over
    assert len(reader.finish().links) == 1


@pytest.mark.parametrize("before", ["<!-- </head> -->", "<script>document.write('<head></head>')</script>"])
@pytest.mark.parametrize("extent", Extent)
def test_an_encoding_that_is_declared_late(before, extent):
    """What only spells the end of the head does not keep a page from saying in which encoding it is written."""
    text = f'<head>{before}<meta charset="windows-1251"><title>Привет</title></head><body><p>'

    assert read(text.encode("cp1251"), extent=extent).title == "Привет"
