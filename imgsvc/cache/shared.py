"""
Connections to what replicas share, Redis or Valkey, and the aiocache backend there.

Imported only when one is configured, since ``redis`` is an optional dependency.
"""

import redis
from aiocache.backends.redis import RedisCache
from aiocache.serializers import JsonSerializer
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

MAX_CONNECTIONS = 16

# redis-py introduces itself on each new connection, for which it reads its own version from disk, on the loop.
_ANONYMOUS: dict[str, None] = (
    {"driver_info": None} if hasattr(redis, "DriverInfo") else {"lib_name": None, "lib_version": None}
)


def open_pool(url: str, *, timeout_seconds: float, answer_seconds: float | None) -> BlockingConnectionPool:
    """
    Make the connections' pool; nothing is opened before the first call, and whoever has it closes it.

    Args:
        url: as ``redis.asyncio.from_url`` takes it.
        timeout_seconds: longest wait for a connection, free or new.
        answer_seconds: longest wait for an answer; None leaves that to the caller.

    Raises:
        ValueError: *url* is none.
    """
    return BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=timeout_seconds,
        socket_timeout=answer_seconds,
        socket_connect_timeout=timeout_seconds,
        # Nothing here needs the newer protocol, whose greetings are two more answers to wait for on each connection.
        protocol=2,
        # Once more at once, for a connection that the server has closed since; redis-py's default waits.
        retry=Retry(NoBackoff(), 1),
        **_ANONYMOUS,
    )


def open_client(url: str, *, timeout_seconds: float) -> Redis:
    """
    Make a client that closes its own pool; the caller bounds its calls.

    Where redis-py is to bound them, it sends by ``asyncio.wait_for``, which up to Python 3.11 can swallow a
    cancellation: a listener would live on.

    Args:
        url: as ``redis.asyncio.from_url`` takes it.
        timeout_seconds: longest wait for a connection, free or new.

    Raises:
        ValueError: *url* is none.
    """
    return Redis.from_pool(open_pool(url, timeout_seconds=timeout_seconds, answer_seconds=None))


class SharedBackend(RedisCache):  # type: ignore[misc]  # aiocache has no types
    """
    aiocache's Redis backend, reached by URL and without what redis-py has deprecated since.

    aiocache takes host and port apart and so knows neither TLS (``rediss:``), nor sockets (``unix:``), nor user names;
    its pool class is a parameter, and that is where the URL comes in.

    Args:
        url: as ``redis.asyncio.from_url`` takes it.
        timeout_seconds: longest wait for a connection and for an answer.
        namespace: begins every key, before a colon.

    Raises:
        ValueError: *url* is none.
    """

    def __init__(self, url: str, *, timeout_seconds: float, namespace: str) -> None:
        def pool(**_: object) -> BlockingConnectionPool:
            return open_pool(url, timeout_seconds=timeout_seconds, answer_seconds=timeout_seconds)

        super().__init__(
            connection_pool_class=pool,
            timeout=timeout_seconds,
            serializer=JsonSerializer(),
            namespace=namespace,
            key_builder=_full_key,
        )

    async def _set(
        self, key: str, value: str, ttl: float | None = None, _cas_token: object = None, _conn: object = None
    ) -> bool:  # fmt: skip
        milliseconds = None if ttl is None else max(1, int(ttl * 1000))
        return bool(await self.client.set(key, value, px=milliseconds))

    async def _close(self, *_args: object, _conn: object = None, **_options: object) -> None:
        await self.client.aclose()


def _full_key(key: str, namespace: str) -> str:
    return f"{namespace}:{key}"
