"""The operator's asset server: which source an id is, how it is asked, and whose URL is one of its own."""

import re

from imgsvc.errors import AssetsNotConfigured, BadAssetId
from imgsvc.model.hosts import normalise_url
from imgsvc.model.source import Source
from imgsvc.model.spec import TransformSpec
from imgsvc.origin.manner import PICTURE, Credential, Manner
from imgsvc.services.answers import ImageRequest
from imgsvc.settings import ProxySettings

ASSETS_PATH = "/api/assets/"

RETRY_SECONDS = 300
"""A setting that is missing is missing until somebody has seen it and started the service again."""

ASSET_ID_PATTERN = "[0-9A-Fa-f]{8}(?:(?:-[0-9A-Fa-f]{4}){3}-|[0-9A-Fa-f]{12})[0-9A-Fa-f]{12}"
"""What :func:`canonical_id` takes, for documents."""

_ID = re.compile(r"([0-9a-f]{8})(-?)([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{12})")


def canonical_id(text: str) -> str:
    """
    Read a UUID, with all of its four dashes or none, in any case.

    Returns:
        It in lower case with dashes (RFC 9562 §4).

    Raises:
        BadAssetId: it is anything else, or longer than one.
    """
    if (found := _ID.fullmatch(text.lower() if text.isascii() else "")) is None:
        raise BadAssetId("An asset's id is a UUID, with dashes or without.", param="assetId")
    return "-".join(part for part in found.groups() if part not in ("", "-"))


class Assets:
    """
    Knows the asset server; without one, or without a token for it, it knows no asset.

    Args:
        settings: name both.
    """

    def __init__(self, settings: ProxySettings) -> None:
        base, token = settings.assets_base_url, settings.assets_bearer_token
        self._missing = [
            name for name, value in (("ASSETS_BASE_URL", base), ("ASSETS_BEARER_TOKEN", token)) if value is None
        ]
        self._prefix = "" if base is None else normalise_url(f"{base.rstrip('/')}{ASSETS_PATH}")
        self._manner = PICTURE if token is None or base is None else Manner(credential=Credential(self._prefix, token))

    @property
    def site(self) -> str | None:
        """A URL of the server, None where there is none."""
        return self._prefix or None

    def source(self, asset_id: str) -> Source:
        """
        Give the source that *asset_id* names.

        Raises:
            BadAssetId: it is no UUID.
            AssetsNotConfigured: a setting is missing.
        """
        canonical = canonical_id(asset_id)
        if self._missing:
            names = " and ".join(self._missing)
            raise AssetsNotConfigured(f"The service lacks the setting {names}.", retry_after_seconds=RETRY_SECONDS)
        return Source(f"{self._prefix}{canonical}", asset_id=canonical)

    def request(self, asset_id: str, spec: TransformSpec) -> ImageRequest:
        """
        Give what the spine is asked for an asset, by its own route and by other services; they share what is kept.

        No allowance belongs to it: the server is named by the operator.

        Args:
            asset_id: as clients write it.
            spec: the form that is wanted, in normal form.

        Raises:
            BadAssetId: it is no UUID.
            AssetsNotConfigured: a setting is missing.
        """
        return ImageRequest(self.source(asset_id), spec)

    def manner(self, source: Source) -> Manner:
        """Say how *source* is asked: with the token, if it is an asset."""
        return self._manner if source.asset_id is not None else PICTURE

    def is_alias(self, source: Source) -> bool:
        """Whether *source* is an asset's URL that was not named by its id, and so would be asked without the token."""
        return source.asset_id is None and self.named(source) is not source

    def named(self, source: Source) -> Source:
        """Give the asset whose URL *source* has, else *source* itself: who purges names it by that."""
        if self._missing or not source.url.startswith(self._prefix):
            return source
        try:
            asset = self.source(source.url.removeprefix(self._prefix))
        except BadAssetId:
            return source
        return asset if asset.url == source.url else source
