"""One error for several tasks: each raises one of its own, and none holds what the work had in hand."""

import copy
from traceback import clear_frames
from types import TracebackType


def copy_of(error: BaseException, traceback: TracebackType | None) -> BaseException:
    """
    Make each waiter an error of its own: one object raised in many tasks piles up all their tracebacks.

    An error that cannot be copied is given out itself, its traceback cut back to that of the work.
    """
    twin = _twin(error)
    if twin is not error:
        twin.__cause__, twin.__suppress_context__ = error.__cause__, error.__suppress_context__
        twin.__context__ = error.__context__
    return twin.with_traceback(traceback)


def drop_locals(error: BaseException) -> None:
    """
    Empty the frames an error came through: in a circle with it they hold bodies until the collector comes by.

    Not those of one that cannot be copied: other tasks may have raised the same object since, and to empty the frame
    of a task that waits would end it.
    """
    if _twin(error) is error:
        return
    link: BaseException | None = error
    while link is not None:
        clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__


def _twin(error: BaseException) -> BaseException:
    try:
        twin = copy.copy(error)
    except Exception:  # noqa: BLE001 - any constructor may refuse to be called again
        return error
    return twin if type(twin) is type(error) else error
