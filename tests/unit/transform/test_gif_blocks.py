"""GIFs that are not all there."""

import pytest

from imgsvc.transform.gif_blocks import MAX_STEPS, is_whole
from imgsvc.transform.limits import MAX_FRAMES
from tests.support import pictures

WHOLE = pictures.animated([pictures.noise(60, 40, seed=s) for s in range(3)])


def test_whole_files_are_whole() -> None:
    """Stills and animations pass, and so do bytes after the end."""
    assert is_whole(WHOLE)
    assert is_whole(pictures.gif())
    assert is_whole(WHOLE + b"\0\0\0")


def test_a_missing_trailer_is_forgiven() -> None:
    """Every frame is there; only the byte that says so is not."""
    assert is_whole(WHOLE[:-1])


def test_a_cut_inside_the_last_frame_is_seen() -> None:
    """Wherever in the last frame's data a file ends, it is not whole."""
    assert not any(is_whole(WHOLE[:-missing]) for missing in range(2, 300))


def test_space_that_was_never_written_is_seen() -> None:
    """Zeros where a frame should begin are a writer that stopped in the middle; a stray one or two are not."""
    frame = WHOLE.index(b"\x21\xf9", len(WHOLE) // 2)

    assert is_whole(WHOLE[:frame] + b"\0\0")
    assert not is_whole(WHOLE[:frame].ljust(len(WHOLE), b"\0"))
    assert not is_whole(WHOLE[: frame - 500].ljust(len(WHOLE), b"\0"))


@pytest.mark.parametrize("data", [b"", b"GIF89a", WHOLE[:13], WHOLE[:13] + b";"])
def test_nothing_but_a_head_is_no_picture(data) -> None:
    """A GIF has one frame at least."""
    assert not is_whole(data)


def test_no_cut_makes_it_fail() -> None:
    """Any prefix is judged, none is an error."""
    assert {is_whole(WHOLE[:length]) for length in range(0, len(WHOLE), 7)} == {True, False}


@pytest.mark.parametrize("hostile", [b"\x21\xfe\0" * MAX_STEPS, b"\x21\xfe" + b"\x01a" * MAX_STEPS + b"\0"])
def test_what_only_makes_work_is_not_walked_through(hostile) -> None:
    """Millions of empty blocks, or of pieces of a byte, are no picture; full pieces are, however many there are."""
    assert not is_whole(WHOLE[:-1] + hostile * 2 + WHOLE[-1:])
    assert is_whole(WHOLE[:-1] + b"\x21\xfe" + (b"\xff" + bytes(255)) * 100_000 + b"\0" + WHOLE[-1:])


def test_more_frames_than_anybody_shows_are_refused() -> None:
    """Ten thousand may be opened, and become a still; more are not even counted by the decoder."""
    frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    assert is_whole(WHOLE[:-1] + frame * (MAX_FRAMES - 3) + WHOLE[-1:])
    assert not is_whole(WHOLE[:-1] + frame * (MAX_FRAMES - 2) + WHOLE[-1:])
