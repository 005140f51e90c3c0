"""One large source on its way: what becomes of it, and what is known of it by now."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from imgsvc.cache.raising import copy_of
from imgsvc.errors import ImgsvcError
from imgsvc.model.blob import BlobMeta
from imgsvc.services.arrivals import Arrival
from imgsvc.stream.spool import Spool
from imgsvc.stream.spoolfile import no_room


class Plan(Struct, frozen=True, kw_only=True):
    """
    What becomes of a download.

    Attributes:
        key: where its bytes are stored; None = they are not.
        wanted: whether they may be stored still, just now.
        inspect: looks at the finished spool and gives what is known of it, or raises what is wrong with it.
        stored: told when the store has the bytes.
        failed: told what was wrong with the source.
    """

    key: str | None
    wanted: Callable[[], bool]
    inspect: Callable[[Spool], Awaitable[BlobMeta]]
    stored: Callable[[], Awaitable[None]]
    failed: Callable[[ImgsvcError], Awaitable[None]]


class Download:
    """One of them; see the module. *arriving* ends with what is known of the whole, or with what went wrong."""

    def __init__(self, arrival: Arrival, plan: Plan) -> None:
        self.arrival = arrival
        self.plan = plan
        self.spool = arrival.spool
        self.arriving: asyncio.Future[BlobMeta] = asyncio.get_running_loop().create_future()
        # Perhaps nobody asks; then its error is no news to anybody.
        self.arriving.add_done_callback(lambda future: future.cancelled() or future.exception())
        self.task: asyncio.Task[None]
        self.drain_timer: asyncio.TimerHandle | None = None

    async def whole(self) -> BlobMeta:
        """
        Wait until all has arrived and was looked at.

        Raises:
            NoSpoolRoom: it never will be whole anywhere.
            ImgsvcError: whatever was wrong with the source.
        """
        await self.spool.until(lambda: self.spool.is_narrow)
        if self.spool.is_narrow:
            raise no_room()
        try:
            return await asyncio.shield(self.arriving)
        except ImgsvcError as error:
            failure = error
        # One of each waiter's own, and out of the block above, that it has no part of the first: who empties the frames
        # that an error came through would end the download itself, which is one of them and not over yet.
        raise copy_of(failure, None)
