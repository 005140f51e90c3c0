"""What the picture that stands for a page is called in the object store."""

import hashlib
import re

from imgsvc.model.formats import ImageFormat

SHARE_PREFIX = "images/opengraph/"

_HASH_CHARS = 8
_NAME = re.compile(r"[a-z0-9_.:-]{1,300}-[0-9a-f]{8}\.[a-z]{3,4}")


def share_key(host: str, page_url: str, image_format: ImageFormat) -> str:
    """
    Name a page's picture so that a person can read it in a bucket: ``images/opengraph/example-com-a379a6f6.png``.

    Args:
        host: of the page, normalised; a leading ``www.`` says nothing.
        page_url: in normal form.
        image_format: of the stored bytes.
    """
    digest = hashlib.sha256(page_url.encode()).hexdigest()[:_HASH_CHARS]
    name = host.removeprefix("www.").replace(".", "-").replace(":", "-")
    return f"{SHARE_PREFIX}{name}-{digest}.{image_format.value}"


def is_share_key(key: str) -> bool:
    """Whether the picture of a page may lie under *key*."""
    return key.startswith(SHARE_PREFIX) and _NAME.fullmatch(key.removeprefix(SHARE_PREFIX)) is not None
