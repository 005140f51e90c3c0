"""The table of encodings."""

import codecs

from imgsvc.pages.labels import NAMES, codec_of


def test_table():
    """Labels are lower-case, each name is a label, too, has a codec, and what is unsafe to decode is not there."""
    assert all(label == label.lower().strip() for label in NAMES)
    assert all(NAMES[name] == name for name in NAMES.values())
    assert all(codecs.lookup(codec_of(name)) for name in NAMES.values())
    assert not {"utf-7", "hz-gb-2312", "iso-2022-kr"} & NAMES.keys()
    assert len(NAMES) == 221
    assert len(set(NAMES.values())) == 38
