"""A folder of objects, without threads."""

import threading
from pathlib import Path

import pytest

from imgsvc.store import folder as folder_module
from imgsvc.store.folder import COMMIT_ATTEMPTS, Abandoned, Folder
from tests.support.blobs import meta_of

DATA = b"bytes"


def write(folder: Folder, key: str, data: bytes = DATA, *, if_absent: bool = False) -> bool:
    return folder.write(key, data, meta_of(data), if_absent, threading.Event())


def test_folder_is_made_when_needed(tmp_path: Path):
    """Reading, listing and sweeping make no folder; writing does."""
    folder = Folder(tmp_path / "x" / "store")
    folder.sweep(0)
    assert folder.read("a") is None
    assert list(folder.walk("")) == []
    assert not (tmp_path / "x").exists()
    assert write(folder, "a")
    assert folder.read("a").data == DATA


def test_abandoned(tmp_path: Path):
    """A write nobody wants any more leaves nothing."""
    abandoned = threading.Event()
    abandoned.set()
    with pytest.raises(Abandoned):
        Folder(tmp_path).write("a", DATA, meta_of(DATA), False, abandoned)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_failed_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A write that fails at its last step leaves nothing."""

    def refuse(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        write(Folder(tmp_path), "a/b")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(("losses", "wins"), [(1, True), (COMMIT_ATTEMPTS - 1, True), (COMMIT_ATTEMPTS, False)])
def test_folder_pruned_under_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, losses: int, wins: bool):
    """A write whose folder a delete has just removed makes it again, a bounded number of times."""
    left = iter(range(losses))
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if next(left, None) is not None:
            target.parent.rmdir()
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    folder = Folder(tmp_path)
    if wins:
        assert write(folder, "a/b")
        assert folder.read("a/b").data == DATA
    else:
        with pytest.raises(FileNotFoundError):
            write(folder, "a/b")


def test_folders_are_made_when_they_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A write beside another makes no folder: those for temporaries and for the source's objects are there."""
    made, real = [], Path.mkdir

    def mkdir(self: Path, *arguments: object, **options: object) -> None:
        made.append(self.name)
        real(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    folder = Folder(tmp_path / "store")
    assert write(folder, "a/b")
    assert {".tmp", "a"} <= set(made)
    made.clear()
    assert write(folder, "a/c")
    assert made == []


def test_replaced_while_damage_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A sound object that has just taken the place of a damaged one is not deleted with it."""
    folder = Folder(tmp_path)
    write(folder, "a")
    (tmp_path / "a=o").write_bytes(b"harm")
    real = folder_module.read_object

    def replace_first(file, key):
        write(folder, "a")
        return real(file, key)

    monkeypatch.setattr(folder_module, "read_object", replace_first)
    with pytest.raises(folder_module.Damaged):
        folder.read("a")
    monkeypatch.undo()
    assert folder.read("a").data == DATA


def test_foreign_things_are_passed_over(tmp_path: Path):
    """Files and folders that are no objects are not listed."""
    folder = Folder(tmp_path)
    write(folder, "a/b")
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "README").write_text("hello")
    (tmp_path / "a" / "A=o").write_text("upper case is written otherwise")
    assert list(folder.walk("")) == ["a/b"]


def test_probe_leaves_nothing(tmp_path: Path):
    """A probe writes and removes."""
    Folder(tmp_path).probe()
    assert list((tmp_path / ".tmp").iterdir()) == []
