"""Counting and deleting, without threads."""

import os
import threading
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.store import ceiling
from imgsvc.store.ceiling import Tally
from imgsvc.store.eviction import Eviction
from imgsvc.store.folder import Folder
from imgsvc.store.layout import path_of
from tests.support.blobs import meta_of

DATA = b"x" * 3000
FILE_BYTES = 4096


def nothing() -> int:
    return 0


class Place:
    """A folder with ten objects, ``k/0`` unused for longest, and one more for each key given."""

    def __init__(self, root: Path, *more: str, max_bytes: int = 100 * FILE_BYTES) -> None:
        self.root = root
        self.tally = Tally(max_bytes)
        self.folder = Folder(root, self.tally)
        self.eviction = Eviction(self.folder, self.tally)
        for number, key in enumerate((*more, *(f"k/{n}" for n in range(10)))):
            self.write(key)
            os.utime(root / path_of(key), (number, number))

    def write(self, key: str) -> None:
        self.folder.write(key, DATA, meta_of(DATA), False, threading.Event())

    def stored(self) -> set[str]:
        return set(self.folder.walk(""))


def test_counted(tmp_path: Path):
    """A walk finds what there is, whoever wrote it, and deletes nothing that fits."""
    Place(tmp_path)
    tally = Tally(100 * FILE_BYTES)
    assert Eviction(Folder(tmp_path, tally), tally).run(nothing) == 0
    assert (tally.is_counted, tally.entries, tally.used_bytes) == (True, 10, 10 * FILE_BYTES)


def test_least_recently_used_first(tmp_path: Path):
    """Above the ceiling those unused for longest go, down to the low mark."""
    place = Place(tmp_path, max_bytes=8 * FILE_BYTES)
    place.folder.read("k/0")
    assert place.eviction.run(nothing) == 3 * FILE_BYTES
    assert place.stored() == {"k/0", *(f"k/{n}" for n in range(4, 10))}
    assert (place.tally.used_bytes, place.tally.entries, place.tally.evictions) == (7 * FILE_BYTES, 7, 3)


def test_room_for_who_waits(tmp_path: Path):
    """What is waited for goes beside what is there."""
    place = Place(tmp_path, max_bytes=10 * FILE_BYTES)
    assert place.eviction.run(lambda: 4 * FILE_BYTES) == 4 * FILE_BYTES
    assert place.stored() == {f"k/{n}" for n in range(4, 10)}


def test_purge_marks_stay(tmp_path: Path):
    """Purge marks are counted and never deleted, however old."""
    place = Place(tmp_path, "purge/a.json", "purge/b.json", max_bytes=FILE_BYTES)
    place.eviction.run(nothing)
    assert place.stored() == {"purge/a.json", "purge/b.json"}
    assert place.tally.used_bytes == 2 * FILE_BYTES
    assert place.eviction.run(nothing) == 0


@pytest.mark.parametrize("then", ["used", "replaced", "deleted", "unreadable"])
def test_changed_since_it_was_seen(tmp_path: Path, then: str, monkeypatch: pytest.MonkeyPatch):
    """What was used, replaced or deleted between walk and deletion frees nothing, and what is there stays."""
    place = Place(tmp_path)
    (seen,) = [s for s in place.folder.survey() if s.path == "k/0=o"]
    if then == "used":
        place.folder.read("k/0")
    elif then == "replaced":
        place.write("k/0")
    elif then == "deleted":
        (tmp_path / "k" / "0=o").unlink()
    else:
        monkeypatch.setattr(Path, "unlink", _refuse)
    assert place.folder.evict(seen) == 0
    assert ("k/0" in place.stored()) == (then != "deleted")
    assert place.tally.evictions == 0


def _refuse(*_arguments):
    raise OSError(30, "Read-only file system")


def test_not_ours(tmp_path: Path):
    """A file that no key leads to is counted and left alone."""
    (tmp_path / "A=o").write_bytes(b"x")
    os.utime(tmp_path / "A=o", (0, 0))
    place = Place(tmp_path, max_bytes=5 * FILE_BYTES)
    place.eviction.run(nothing)
    assert (tmp_path / "A=o").exists()
    assert len(place.stored()) == 3


def test_empty_folders_go(tmp_path: Path):
    """The folder of the last object goes with it."""
    place = Place(tmp_path, max_bytes=FILE_BYTES)
    place.eviction.run(nothing)
    assert [p.name for p in tmp_path.iterdir()] == [".tmp"]


def test_candidates_are_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One walk remembers so many and no more; the next goes on where it ended."""
    monkeypatch.setattr(ceiling.Oldest.__init__, "__defaults__", (2,))
    place = Place(tmp_path, max_bytes=5 * FILE_BYTES)
    assert [place.eviction.run(nothing) // FILE_BYTES for _ in range(4)] == [2, 2, 2, 0]
    assert place.stored() == {f"k/{n}" for n in range(6, 10)}


def test_written_while_it_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is written in the middle of a walk is counted at least once."""
    place = Place(tmp_path)
    real = place.folder.survey

    def survey():
        for number, seen in enumerate(real()):
            if number == 5:
                place.write("new/a")
                place.write("k/0")
            yield seen

    monkeypatch.setattr(place.folder, "survey", survey)
    place.eviction.run(nothing)
    assert 11 * FILE_BYTES <= place.tally.used_bytes <= 13 * FILE_BYTES
    monkeypatch.undo()
    place.eviction.run(nothing)
    assert place.tally.used_bytes == 11 * FILE_BYTES


def test_stopped(tmp_path: Path):
    """Stopped, it deletes nothing and says so."""
    place = Place(tmp_path, max_bytes=FILE_BYTES)
    place.eviction.stop()
    with pytest.raises(StoreError, match="closed"):
        place.eviction.run(nothing)
    assert len(place.stored()) == 10
