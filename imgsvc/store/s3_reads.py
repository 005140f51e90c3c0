"""Reading objects of a bucket without botocore's client; what only a client understands is left to it."""

import functools
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from imgsvc.settings import StoreSettings
from imgsvc.store.s3_opening import Opening

if TYPE_CHECKING:
    from imgsvc.store.s3_plain import PlainReader

METHODS = {"get_object": "GET", "head_object": "HEAD"}
"""The operations that are reads, by their methods."""

_HEADERS = {"Range": "Range", "IfMatch": "If-Match"}


class NeedsClient(Exception):
    """
    A read that botocore's client has to make. Never leaves this room.

    Args:
        for_good: whether all later ones have to be made by it too.
    """

    def __init__(self, *, for_good: bool) -> None:
        super().__init__("left to the client")
        self.for_good = for_good


class Reads:
    """
    Makes ``get_object`` and ``head_object`` as the client would, and opens itself.

    Args:
        settings: the ``s3_*`` fields, ``s3_bucket`` among them.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._opening: Opening[PlainReader] = Opening(functools.partial(_open, settings))
        self._left_to_client = False

    async def ask(self, operation: str, arguments: Mapping[str, str]) -> dict[str, Any]:
        """
        Make a read.

        Args:
            operation: one of :data:`METHODS`.
            arguments: of it: ``Key``, and perhaps ``Range`` and ``IfMatch``.

        Returns:
            What the client's method would, as far as it is of use here; its ``Body`` is to be closed.

        Raises:
            NeedsClient: this one is the client's.
            Exception: what the client's method would raise.
        """
        if self._left_to_client:
            raise NeedsClient(for_good=True)
        try:
            reader = await self._opening.get()
            return await reader.read(METHODS[operation], arguments["Key"], headers_of(arguments))
        except NeedsClient as need:
            self._left_to_client |= need.for_good
            raise

    async def aclose(self) -> None:
        """Close the connections."""
        if (reader := await self._opening.ended()) is not None:
            await reader.aclose()


def headers_of(arguments: Mapping[str, str]) -> dict[str, str]:
    """Give the headers that stand for an operation's arguments but ``Key``."""
    return {_HEADERS[name]: value for name, value in arguments.items() if name != "Key"}


def _open(settings: StoreSettings) -> Coroutine[Any, Any, "PlainReader"]:
    from imgsvc.store.s3_plain import plain_reader  # noqa: PLC0415 - loads botocore, a tenth of a second

    return plain_reader(settings)
