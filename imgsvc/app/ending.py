"""The end of the process, and how much time is left for it."""

import time


class Ending:
    """
    The time that is left once the end has begun; answers and background writes share it.

    Args:
        timeout_seconds: how long it may take in all.
    """

    LEAST_SECONDS = 1.0
    """What is left for background writes when clients have used up all of it."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._begun_at: float | None = None

    def begin(self) -> None:
        """Let the time run."""
        self._begun_at = time.monotonic()

    @property
    def has_begun(self) -> bool:
        """Whether it has: nothing is begun any more that nobody waits for."""
        return self._begun_at is not None

    def left_seconds(self) -> float:
        """How much of it there is; all of it when nobody has begun."""
        spent_seconds = 0.0 if self._begun_at is None else time.monotonic() - self._begun_at
        return max(self.LEAST_SECONDS, self._timeout_seconds - spent_seconds)
