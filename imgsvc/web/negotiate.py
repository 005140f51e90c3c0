"""``Accept`` folded to the few answers that can come of it, before any key is made."""

import re

from imgsvc.model.spec import Output

MAX_ACCEPT_CHARS = 1024

_NAMED = {"image/avif": Output.AUTO_AVIF, "image/webp": Output.AUTO_WEBP}
_WRITTEN = frozenset(("image/jpeg", "image/png"))
"""What sources mostly are; who names one of them says what his weight for a source's own format is."""

# At equal weight the smaller file wins.
_PREFERENCE = (Output.AUTO_AVIF, Output.AUTO_WEBP, Output.AUTO_SOURCE)

_WITHOUT = {Output.AUTO_AVIF: Output.AUTO_AVIF_PLAIN, Output.AUTO_SOURCE: Output.AUTO_PLAIN}

# RFC 9110 §12.4.2: three decimals at most, 1 at most.
_QVALUE = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")
# A quoted string may hold the commas and semicolons that separate; an open one swallows the rest.
_QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def fold_accept(accept: str) -> Output:
    """
    Choose between AVIF, WebP and the source's own format.

    The first two count only when named (every client sends ``*/*``); the source's own, which is not known yet, gets
    the best weight of JPEG and PNG, or where neither is named that among all other image types and wildcards. Whatever
    cannot be read is passed over, and with nothing left the source's own is answered: RFC 9110 §12.5.1 allows that
    where a 406 would help nobody. Who refuses WebP or AVIF by ``q=0`` gets neither for want of another, nor because the
    source is one.

    Args:
        accept: the header, any text; beyond 1,024 characters it is cut at the last comma before.
    """
    if len(accept) > MAX_ACCEPT_CHARS:
        accept = accept[:MAX_ACCEPT_CHARS].rpartition(",")[0]
    ranges = _ranges(_QUOTED.sub("?", accept).lower())
    weights = {output: ranges.get(name, 0.0) for name, output in _NAMED.items()}
    written = ranges.keys() & _WRITTEN or ranges.keys() - _NAMED.keys()
    weights[Output.AUTO_SOURCE] = max((ranges[name] for name in written), default=0.0)
    best = max(_PREFERENCE, key=weights.__getitem__)  # the first of equals
    if weights[best] == 0:
        best = Output.AUTO_SOURCE
    is_refused = any(ranges.get(name) == 0 for name in _NAMED)
    return _WITHOUT.get(best, best) if is_refused else best


def _ranges(accept: str) -> dict[str, float]:
    """Give the best weight of each range that takes pictures; text, fonts and what cannot be read are passed over."""
    weights: dict[str, float] = {}
    for item in accept.split(","):
        media_range, _, parameters = item.partition(";")
        name, weight = media_range.strip(), _weight(parameters)
        is_image = name == "*/*" or (name.startswith("image/") and len(name) > len("image/"))
        if is_image and weight is not None:
            weights[name] = max(weights.get(name, 0.0), weight)
    return weights


def _weight(parameters: str) -> float | None:
    """Read the first ``q`` among a range's parameters; 1 without one, None when malformed."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.strip() == "q":
            return float(value) if _QVALUE.match(value) else None
    return 1.0


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether ``Accept-Encoding`` names gzip, or any coding, with a weight above zero (RFC 9110 §12.5.3)."""
    weights = {}
    for item in accept_encoding[:MAX_ACCEPT_CHARS].lower().split(","):
        coding, _, parameters = item.partition(";")
        weights[coding.strip()] = _weight(parameters) or 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0
