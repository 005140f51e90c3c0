"""``Accept`` folded to the three answers that can come of it, before any key is made."""

import re

from imgsvc.model.spec import Output

MAX_ACCEPT_CHARS = 1024

_NAMED = {"image/avif": Output.AUTO_AVIF, "image/webp": Output.AUTO_WEBP}
# At equal weight the smaller file wins.
_PREFERENCE = (Output.AUTO_AVIF, Output.AUTO_WEBP, Output.AUTO_SOURCE)

# RFC 9110 §12.4.2: three decimals at most, 1 at most.
_QVALUE = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")
# A quoted string may hold the commas and semicolons that separate; an open one swallows the rest.
_QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def fold_accept(accept: str) -> Output:
    """
    Choose between AVIF, WebP and the source's own format.

    The first two count only when named (every client sends ``*/*``); the source's own gets the best weight among all
    other image types and wildcards. Whatever cannot be read is passed over, and with nothing left the source's own is
    answered: RFC 9110 §12.5.1 allows that where a 406 would help nobody.

    Args:
        accept: the header, any text; beyond 1,024 characters it is cut at the last comma before.
    """
    if len(accept) > MAX_ACCEPT_CHARS:
        accept = accept[:MAX_ACCEPT_CHARS].rpartition(",")[0]
    weights = dict.fromkeys(_PREFERENCE, 0.0)
    for item in _QUOTED.sub("?", accept).lower().split(","):
        media_range, _, parameters = item.partition(";")
        output = _class_of(media_range.strip())
        if output is not None:
            weights[output] = max(weights[output], _weight(parameters))
    best = max(_PREFERENCE, key=weights.__getitem__)  # the first of equals
    return best if weights[best] > 0 else Output.AUTO_SOURCE


def _class_of(media_range: str) -> Output | None:
    """Say which answer a media range speaks for; None for text, fonts and garbage."""
    if media_range == "*/*" or (media_range.startswith("image/") and len(media_range) > len("image/")):
        return _NAMED.get(media_range, Output.AUTO_SOURCE)
    return None


def _weight(parameters: str) -> float:
    """Read the first ``q`` among a range's parameters; 1 without one, 0 (as if absent) when malformed."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.strip() == "q":
            return float(value) if _QVALUE.match(value) else 0.0
    return 1.0


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether ``Accept-Encoding`` names gzip, or any coding, with a weight above zero (RFC 9110 §12.5.3)."""
    weights = {}
    for item in accept_encoding[:MAX_ACCEPT_CHARS].lower().split(","):
        coding, _, parameters = item.partition(";")
        weights[coding.strip()] = _weight(parameters)
    return weights.get("gzip", weights.get("*", 0.0)) > 0
