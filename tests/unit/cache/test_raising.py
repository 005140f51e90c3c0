"""Errors for several tasks."""

import gc
import inspect
import weakref

import pytest

from imgsvc import errors
from imgsvc.cache.raising import copy_of, drop_locals
from imgsvc.errors import ImgsvcError
from imgsvc.services.limits import ClientLimited

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ImgsvcError)]


class Stubborn(Exception):
    """Refuses to be made again."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} {other}")


class Held:
    """Something large."""


@pytest.mark.parametrize("kind", [*ALL, ClientLimited], ids=lambda kind: kind.__name__)
def test_each_of_ours_can_be_copied(kind):
    """All that it says is in the copy; else waiters would share one object, and its frames."""
    error = kind("what", param="url", retry_after_seconds=3)
    twin = copy_of(error, None)

    assert twin is not error
    assert vars(twin) == vars(error)


def test_what_a_copy_says_of_its_client():
    """A refusal tells whose it is, copied or not."""
    assert copy_of(ClientLimited("no", client="192.0.2.1", limit=5), None).client == "192.0.2.1"


def test_one_that_cannot_be_copied_is_given_out_itself():
    """There is nothing better."""
    error = Stubborn(1, 2)
    assert copy_of(error, None) is error


def _fail(error: Exception) -> tuple[Exception, weakref.ref]:
    held = Held()
    try:
        raise error
    except ValueError as caught:
        return caught, weakref.ref(held)


def test_frames_are_emptied():
    """What the work had in hand is free at once."""
    gc.disable()
    try:
        error, held = _fail(ValueError("x"))
        drop_locals(error)
        assert held() is None
    finally:
        gc.enable()


async def test_the_frame_of_one_who_waits_is_not():
    """A task that has raised a shared object and goes on is not ended by another's tidying."""
    error = Stubborn(1, 2)

    async def waits() -> str:
        try:
            raise error
        except Stubborn:
            await _turn()
        return "done"

    waiting = waits()
    waiting.send(None)
    drop_locals(error)
    with pytest.raises(StopIteration) as ended:
        waiting.send(None)

    assert ended.value.value == "done"


class _Turn:
    def __await__(self):
        yield


async def _turn() -> None:
    await _Turn()
