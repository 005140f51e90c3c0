"""The end of the process, and how much time is left for it."""

import time
from collections.abc import Callable


class Ending:
    """
    The two steps of the end, and the time that answers and background writes share.

    First nothing is begun any more that nobody waits for; later the time runs. In between new clients are still
    answered, until balancers send none; what is made for them is written too, and has no less time than without that.

    Args:
        timeout_seconds: how long the second step may take in all.
        clock: monotonic seconds.
    """

    LEAST_SECONDS = 1.0
    """What is left for background writes when clients have used up all of it."""

    def __init__(self, timeout_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._has_begun = False
        self._runs_since: float | None = None

    def begin(self) -> None:
        """Have nothing begun any more that nobody waits for."""
        self._has_begun = True

    def let_time_run(self) -> None:
        """Count from now on what is left."""
        self._runs_since = self._clock()

    @property
    def has_begun(self) -> bool:
        """Whether it has, its first step at least."""
        return self._has_begun

    def left_seconds(self) -> float:
        """How much time there is; all of it while it does not run."""
        spent_seconds = 0.0 if self._runs_since is None else self._clock() - self._runs_since
        return max(self.LEAST_SECONDS, self._timeout_seconds - spent_seconds)
