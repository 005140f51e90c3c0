"""The door before decoding: work says what it will take, and waits until there is room for it."""

from typing import Protocol


class Permit(Protocol):
    """Leave to use memory."""

    def release(self) -> None:
        """Give it back: called once, on the event loop, when the thread that used it has ended."""


class Admission(Protocol):
    """Gives permits; ``pressure`` has the real one."""

    async def admit(self, estimate_bytes: int) -> Permit:
        """
        Wait for room for *estimate_bytes*.

        A caller who is cancelled while waiting has no permit, even if it was granted in the same turn of the loop:
        whoever implements this takes it back.

        Raises:
            Overloaded: there will be no room in time.
            ImageTooLarge: there can never be.
        """

    def could_admit(self, estimate_bytes: int) -> bool:
        """Whether there can ever be room for *estimate_bytes*."""


class OpenPermit:
    """Leave that costs nothing."""

    def release(self) -> None:
        """Do nothing."""


class OpenAdmission:
    """Admits everything at once; for tests, tools and whoever has memory enough."""

    async def admit(self, estimate_bytes: int) -> Permit:
        """Give leave."""
        del estimate_bytes
        return OpenPermit()

    def could_admit(self, estimate_bytes: int) -> bool:
        """There is room for all."""
        del estimate_bytes
        return True
