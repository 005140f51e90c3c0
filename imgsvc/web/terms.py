"""What an answer says for the sake of how it was asked for."""

from msgspec import Struct

from imgsvc.model.freshness import STALE_WHILE_REVALIDATE_SECONDS


class Terms(Struct, frozen=True):
    """
    What is said of an answer beside what its bytes say of themselves.

    Attributes:
        headers: finished.
        expires_at: unix second at which the leave to ask ends, and all announcements with it; None = never.
        fresh_until: unix seconds, where something else than the bytes says how long they are the answer; None = they
            say it.
        stands_in: whether it stands in for what was not found, until *fresh_until* and for an hour at most.
        for_next: whether it goes out by Next's own route.
        stale_seconds: for how long past its end it may be given while it is asked for behind.
    """

    headers: tuple[tuple[str, str], ...] = ()
    expires_at: int | None = None
    fresh_until: float | None = None
    stands_in: bool = False
    for_next: bool = False
    stale_seconds: int = STALE_WHILE_REVALIDATE_SECONDS
