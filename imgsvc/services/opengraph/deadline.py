"""The one deadline of an answer, shared out among all that it waits for."""

import math
import time
from collections.abc import Callable

ANSWER_SECONDS = 8.0
"""From the question on, until an answer has all it is made of: crawlers give up after some ten seconds."""


class Deadline:
    """
    Says how much time an answer has left.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + ANSWER_SECONDS

    def left_seconds(self, most_seconds: float = math.inf) -> float:
        """Give what is left, 0 or more, and no more than *most_seconds*."""
        return min(most_seconds, max(0.0, self._end - self._clock()))
