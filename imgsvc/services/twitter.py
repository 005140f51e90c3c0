"""Twitter's picture server: which source a path is, and for how long what it sends is fresh."""

from imgsvc.model.hosts import normalise_url
from imgsvc.model.source import Source
from imgsvc.settings import ProxySettings

FOLDERS = ("profile_images", "media", "ext_tw_video_thumb")
"""All that is fetched there: portraits, pictures of posts, stills of videos."""

FRESH_SECONDS = 86400
"""A path names the same picture for ever, or until it is taken down: once a day is often enough to learn of that."""

STALE_SECONDS = 7 * 86400
"""For so long after that a picture is answered at once, and asked for again behind."""


class Twitter:
    """
    Knows the server.

    Args:
        settings: name it.
    """

    def __init__(self, settings: ProxySettings) -> None:
        self._prefix = normalise_url(f"{settings.twitter_base_url.rstrip('/')}/")
        self._folders = tuple(f"{self._prefix}{folder}/" for folder in FOLDERS)

    @property
    def site(self) -> str:
        """A URL of the server."""
        return self._prefix

    def source(self, path: str, query: str) -> Source:
        """
        Give the source that lies there.

        Args:
            path: percent-encoded, without a slash before it, below one of :data:`FOLDERS`.
            query: what the server is told, as the client sent it; may be empty.

        Raises:
            InvalidRequest: together they are longer than a URL may be.
        """
        return Source(normalise_url(f"{self._prefix}{path}{'?' if query else ''}{query}", param="path"))

    def fresh_seconds(self, source: Source) -> int | None:
        """Say for how long *source* is fresh whatever its headers say; None for all but the pictures of this server."""
        return FRESH_SECONDS if source.url.startswith(self._folders) else None
