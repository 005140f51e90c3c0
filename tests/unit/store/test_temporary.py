"""Temporaries and their locks."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from imgsvc.store.temporary import Temporaries, discard

FOREVER = float("inf")


def test_gone_unless_renamed(tmp_path: Path):
    """A temporary goes when its use ends, unless it has another name by then."""
    temporaries = Temporaries(tmp_path / "a" / "tmp")
    with temporaries.one() as (path, _):
        assert path.exists()
    assert not path.exists()
    with temporaries.one() as (path, file):
        file.write(b"x")
        file.flush()
        path.rename(tmp_path / "kept")
    assert (tmp_path / "kept").read_bytes() == b"x"


def test_sweep_leaves_what_is_held(tmp_path: Path):
    """A sweep takes what nobody holds, whatever its age, and nothing else."""
    temporaries = Temporaries(tmp_path)
    (tmp_path / "left").write_bytes(b"x")
    with temporaries.one() as (path, _):
        temporaries.sweep(FOREVER)
        assert list(tmp_path.iterdir()) == [path]
        (tmp_path / "left").write_bytes(b"x")
        temporaries.sweep(0)
        assert list(tmp_path.iterdir()) == [path]


def test_nothing_to_sweep(tmp_path: Path):
    """A folder that is not there, or is none, is nothing to sweep."""
    (tmp_path / "file").write_bytes(b"x")
    Temporaries(tmp_path / "none").sweep(FOREVER)
    Temporaries(tmp_path / "file").sweep(FOREVER)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_swept_before_it_was_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A writer whose file a sweep took between its making and its locking makes another."""
    real, seen = fcntl.flock, []

    def late(descriptor: int, kind: int) -> None:
        if not seen:
            (seen_path,) = tmp_path.iterdir()
            seen.append(seen_path)
            seen_path.unlink()
        real(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", late)
    with Temporaries(tmp_path).one() as (path, _):
        assert path.exists()
        assert path not in seen


def test_lock_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A lock that fails for another reason than that there are none is a failure that leaves nothing."""

    def refuse(*_arguments) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="Input/output"):
        Temporaries(tmp_path).make()
    assert list(tmp_path.iterdir()) == []


def test_discarded_twice(tmp_path: Path):
    """Discarding a second time does nothing."""
    path, file = Temporaries(tmp_path).make()
    discard(path, file)
    discard(path, file)
    assert file.closed
