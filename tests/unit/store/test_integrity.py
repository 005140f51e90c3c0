"""What makes an object sound."""

import pytest

from imgsvc.errors import BadKey, StoreError
from imgsvc.store.base import StoreStatistics
from imgsvc.store.integrity import Counters, Damaged, check_prefix, check_put, verify
from tests.support.blobs import meta_of


def test_sound():
    """Bytes that fit their digest pass."""
    verify(b"bytes", meta_of(b"bytes"))


@pytest.mark.parametrize("data", [b"", b"byteS", b"bytes "])
def test_unsound(data: bytes):
    """Other bytes, or none, do not."""
    with pytest.raises(Damaged):
        verify(data, meta_of(b"bytes"))


def test_nothing_is_damage_even_with_its_own_digest():
    """Zero bytes are damage though their digest fits."""
    with pytest.raises(Damaged):
        verify(b"", meta_of(b""))


def test_check_put():
    """A bad key is the caller's fault, missing bytes are the store's to refuse."""
    with pytest.raises(BadKey):
        check_put("/a", b"x")
    with pytest.raises(StoreError):
        check_put("a", b"")
    check_put("a", b"x")


@pytest.mark.parametrize("prefix", ["", "a", "a/", "a/b"])
def test_good_prefixes(prefix: str):
    """Nothing, part of a key and a folder can all be listed."""
    check_prefix(prefix)


def test_counters(caplog: pytest.LogCaptureFixture):
    """Outcomes are counted by kind, and damage is one warning."""
    counters = Counters()
    assert counters.looked_up("x") == "x"
    assert counters.looked_up(None) is None
    counters.note_damage("a/b", Damaged("it is odd"))
    assert counters.snapshot() == StoreStatistics(hits=1, misses=1, damaged=1)
    assert [(r.name, r.levelname) for r in caplog.records] == [("imgsvc.store", "WARNING")]
    assert "a/b was damaged (it is odd)" in caplog.text
