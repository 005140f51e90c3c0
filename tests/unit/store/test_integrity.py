"""What makes an object sound."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imgsvc.errors import BadKey, StoreError
from imgsvc.store.base import StoreStatistics
from imgsvc.store.integrity import Counters, Damaged, Passage, Question, check_prefix, check_put, verify
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


def walk(data: bytes, passage: Passage, step: int) -> bytes:
    """Go through *data* as a stream does."""
    got = b""
    while passage.left_bytes:
        piece = data[passage.at : passage.at + min(step, passage.left_bytes)]
        passage.note(piece)
        got += piece
    return got


@given(st.binary(min_size=1, max_size=50), st.integers(0, 60), st.none() | st.integers(0, 60), st.integers(1, 20))
def test_passage_is_a_slice(data: bytes, start: int, stop: int | None, step: int):
    """A passage ends where its slice ends, whatever is asked for, and sound bytes pass."""
    assert walk(data, Passage(meta_of(data), len(data), start, stop), step) == data[start:stop]


@given(st.binary(min_size=1, max_size=50), st.integers(1, 20))
def test_passage_of_damage(data: bytes, step: int):
    """A wrong digest is noticed with the last piece of the whole object, and only there."""
    meta = replace(meta_of(data), sha256="0" * 64)
    with pytest.raises(Damaged):
        walk(data, Passage(meta, len(data), 0, None), step)
    with pytest.raises(Damaged):
        walk(data, Passage(meta, len(data), 0, len(data)), step)
    assert walk(data, Passage(meta, len(data), 1, None), step) == data[1:]
    assert walk(data, Passage(meta, len(data), 0, len(data) - 1), step) == data[:-1]
    assert walk(data, Passage(replace(meta, sha256=""), len(data), 0, None), step) == data


def test_question_withdrawn():
    """A caller who has left is not asked; one who leaves while answering is waited for."""
    asked, answering, go_on = [], threading.Event(), threading.Event()

    def buffers(size_bytes: int) -> bool:
        answering.set()
        go_on.wait(60)
        asked.append(size_bytes)
        return True

    question = Question(buffers)
    asker = threading.Thread(target=question.ask, args=(5,))
    asker.start()
    answering.wait(60)
    leaver = threading.Thread(target=question.withdraw)
    leaver.start()
    assert leaver.is_alive()
    go_on.set()
    leaver.join()
    asker.join()
    assert question.ask(6) is False
    assert asked == [5]
