"""How fast a source sends, by the time spent waiting for it alone."""

MIN_BYTES_PER_SECOND = 64 * 1024
WINDOW_SECONDS = 10.0
"""A large source must keep up 64 KiB a second, averaged over this time of waiting."""


class Pace:
    """
    Bytes and waiting time, in windows.

    Time in which nobody asked for bytes, because a client or a disk was slow, is never noted and so never counts.
    """

    def __init__(self) -> None:
        self.received_bytes = 0
        """In all."""
        self.waited_seconds = 0.0
        """In all."""
        self.is_too_slow = False
        """Whether a whole window has passed with less than it should have brought."""
        self._window_bytes = 0
        self._window_seconds = 0.0

    def note(self, size_bytes: int, seconds: float) -> None:
        """Note that waiting *seconds* brought *size_bytes*."""
        self.received_bytes += size_bytes
        self.waited_seconds += seconds
        self._window_bytes += size_bytes
        self._window_seconds += seconds
        if self._window_seconds >= WINDOW_SECONDS:
            self.is_too_slow = self._window_bytes < MIN_BYTES_PER_SECOND * self._window_seconds
            self._window_bytes, self._window_seconds = 0, 0.0
