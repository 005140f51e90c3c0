"""
Where the objects of a bucket lie, worked out without a client.

botocore's client knows from a set of rules that is a good part of what it loads. What is said here is what these rules
say of a plain bucket, of AWS or of any other server; whatever makes it less plain is left to the client.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from yarl import URL

from imgsvc.model.hosts import is_address
from imgsvc.settings import StoreSettings

GLOBAL_REGION = "us-east-1"
"""What is signed for where nobody names a region; AWS serves it under a host name without a region."""

PECULIAR = (
    "s3",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
    "sigv4a_signing_region_set",
    "auth_scheme_preference",
    "data_path",
    "csm_enabled",
)
"""Variables of botocore's configuration with which a read differs from the plain one, when they are set at all."""

# A name of the plain kind: one label of a host name, and none of the suffixes that mean another thing than a bucket
# ("--x-s3", "--xa-s3", "--op-s3", "-s3alias": AWS, "General purpose bucket naming rules").
_BUCKET = re.compile(r"(?!.*(--|-s3alias$))[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/?")
_RESERVED = re.compile(r"[^A-Za-z0-9_.~/-]+")
_REGION = re.compile(r"(?!fips-|s3-external|.*(-fips|global)$)[a-z0-9][a-z0-9-]*")


class Place(Struct, frozen=True):
    """
    A bucket's address.

    Attributes:
        origin: scheme, host and port of the server; with the bucket in the host name, still without it.
        bucket_url: below which the keys are; no slash at its end.
        region: for which a request is signed.
    """

    origin: str
    bucket_url: str
    region: str

    @property
    def host(self) -> str:
        """What ``Host`` says: port and all, but for a scheme's own port."""
        return str(URL(self.bucket_url).host_port_subcomponent)

    @property
    def path_at(self) -> int:
        """How many characters of an object's URL come before its path."""
        return len(self.bucket_url) - len(urlsplit(self.bucket_url).path)

    def url_of(self, key: str) -> str:
        """Give an object's URL, escaped as botocore escapes it: all but unreserved characters, ``/`` and ``~``."""
        return f"{self.bucket_url}/{_RESERVED.sub(_escaped, key)}"


def _escaped(found: re.Match[str]) -> str:
    return "".join([f"%{byte:02X}" for byte in found[0].encode()])


def place_of(settings: StoreSettings, session: Any) -> Place | None:
    """
    Work out where the bucket lies; reads botocore's configuration files, so it is for a thread.

    Args:
        settings: ``s3_bucket`` is set.
        session: botocore's.

    Returns:
        None when the configuration says anything that only botocore's own client understands.

    Raises:
        Exception: botocore's, for a configuration that makes no sense.
    """
    bucket, region = str(settings.s3_bucket), settings.s3_region or session.get_config_variable("region")
    peculiar = any(session.get_config_variable(name) for name in PECULIAR)
    if peculiar or session.get_config_variable("defaults_mode") != "legacy" or not _BUCKET.fullmatch(bucket):
        return None
    if region is not None and not _REGION.fullmatch(region):
        return None
    if (endpoint := settings.s3_endpoint_url or _configured_endpoint(session)) is not None:
        return _elsewhere(endpoint, bucket, region, settings.s3_addressing_style)
    return _at_aws(bucket, region, settings.s3_addressing_style, session)


def _elsewhere(endpoint: str, bucket: str, region: str | None, style: str) -> Place | None:
    """Of a server that is named: the bucket stands in the path unless "virtual" was asked for."""
    if not _ENDPOINT.fullmatch(endpoint) or "s3-accelerate" in endpoint:
        return None
    if style == "virtual" and is_address(str(urlsplit(endpoint).hostname)):
        return None
    return _placed(endpoint.rstrip("/"), bucket, region or GLOBAL_REGION, in_path=style != "virtual")


def _at_aws(bucket: str, region: str | None, style: str, session: Any) -> Place | None:
    """Of AWS: the bucket stands in the host name unless "path" was asked for."""
    if region in (None, GLOBAL_REGION):
        return _placed("https://s3.amazonaws.com", bucket, GLOBAL_REGION, in_path=style == "path")
    for partition in session.get_component("data_loader").load_data("partitions")["partitions"]:
        if re.match(partition["regionRegex"], region):
            host = f"s3.{region}.{partition['outputs']['dnsSuffix']}"
            return _placed(f"https://{host}", bucket, region, in_path=style == "path")
    return None


def _placed(origin: str, bucket: str, region: str, *, in_path: bool) -> Place:
    if in_path:
        return Place(origin, f"{origin}/{bucket}", region)
    scheme, _, host = origin.partition("://")
    return Place(origin, f"{scheme}://{bucket}.{host}", region)


def _configured_endpoint(session: Any) -> str | None:
    """Give the endpoint that botocore's environment or files name for S3 or for all services."""
    from botocore.configprovider import ConfiguredEndpointProvider  # noqa: PLC0415 - loaded by the session already

    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    provider = ConfiguredEndpointProvider(
        full_config=session.full_config, scoped_config=session.get_scoped_config(), client_name="s3"
    )
    endpoint: str | None = provider.provide()
    return endpoint
