"""Walking a folder of objects."""

import os
from pathlib import Path

import pytest

from imgsvc.store import survey as survey_module
from imgsvc.store.survey import is_kept, note_use, size_on_disk_bytes, space_of, survey

DAY_NS = 86_400 * 10**9


def make(path: Path, size_bytes: int = 10, used_ns: int = DAY_NS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size_bytes))
    os.utime(path, ns=(used_ns, 5 * DAY_NS))


def test_what_is_seen(tmp_path: Path):
    """Every object's file is seen once, at any depth, with its size on disk and its last use."""
    make(tmp_path / "a=o", 10, 7 * DAY_NS)
    make(tmp_path / "b" / "c" / "d=o", 5000)
    found = {seen.path: seen for seen in survey(tmp_path)}
    assert set(found) == {"a=o", "b/c/d=o"}
    assert found["a=o"].last_use_ns == 7 * DAY_NS
    assert found["b/c/d=o"].size_bytes == size_on_disk_bytes((tmp_path / "b/c/d=o").stat()) >= 5000


def test_what_is_passed_over(tmp_path: Path):
    """Temporaries, other files, links, and folders with an object's name are nothing."""
    make(tmp_path / ".tmp" / "a=o")
    make(tmp_path / "README")
    make(tmp_path / "real" / "a=o")
    (tmp_path / "file=o").symlink_to(tmp_path / "real" / "a=o")
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "b=o").mkdir()
    assert [seen.path for seen in survey(tmp_path)] == ["real/a=o"]


def test_no_folder(tmp_path: Path):
    """A folder that is not there, or is none, has nothing in it."""
    make(tmp_path / "file")
    assert list(survey(tmp_path / "none")) == list(survey(tmp_path / "file")) == []


def test_deleted_by_others_meanwhile(tmp_path: Path):
    """Files and folders that another process deletes in the middle of a walk end it for nobody."""
    for folder in "abcdef":
        for name in "xyz":
            make(tmp_path / folder / f"{name}=o")
    walk = survey(tmp_path)
    first = next(walk)
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert {seen.path for seen in walk} <= {f"{first.path[0]}/{name}=o" for name in "xyz"}


def test_a_file_of_holes(tmp_path: Path):
    """A file that takes less than its length is counted by its length."""
    with (tmp_path / "a=o").open("wb") as file:
        file.truncate(1_000_000)
    assert [seen.size_bytes for seen in survey(tmp_path)] == [1_000_000]


def test_kept():
    """Only what lies below the purge marks' folder is kept."""
    assert is_kept("purge/0123.json=o")
    assert not is_kept("purge=o")
    assert not is_kept("images/purge/a=o")


def test_space(tmp_path: Path):
    """Free space is known before the folder is there."""
    free_bytes, block_bytes = space_of(tmp_path / "not" / "there")
    assert free_bytes > 0
    assert block_bytes > 0


def test_space_that_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A system that does not tell is no failure."""

    def refuse(*_arguments):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(survey_module.os, "statvfs", refuse)
    assert space_of(tmp_path) == (None, 4096)


@pytest.mark.parametrize(("now", "noted"), [(86_400.9, False), (86_402, True), (86_000, False)])
def test_use_is_noted(tmp_path: Path, now: float, noted: bool):
    """The time of the last use moves on when it is older than a second; that of the last write stays."""
    make(tmp_path / "a")
    with (tmp_path / "a").open("rb") as file:
        note_use(file, now)
    status = (tmp_path / "a").stat()
    assert status.st_atime == (now if noted else 86_400)
    assert status.st_mtime_ns == 5 * DAY_NS


def test_use_that_cannot_be_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A disk that takes no times lets itself be read all the same."""

    def refuse(*_arguments, **_options):
        raise OSError(30, "Read-only file system")

    make(tmp_path / "a")
    monkeypatch.setattr(survey_module.os, "utime", refuse)
    with (tmp_path / "a").open("rb") as file:
        note_use(file, 10**9)
