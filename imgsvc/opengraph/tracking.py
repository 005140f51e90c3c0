"""Which page a URL means: what a query says about where its reader came from is no part of that."""

from functools import lru_cache

from imgsvc.model.source import Source

REMEMBERED = 1024
"""Sources whose page is remembered: hits ask for it each time."""

_PREFIXES = ("utm_", "hsa_", "mtm_")
_NAMES = frozenset(
    (
        "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "igshid",
        "igsh", "li_fat_id", "mc_cid", "mc_eid", "_hsenc", "_hsmi", "_ga", "_gl", "vero_id", "wickedid", "oly_anon_id",
        "oly_enc_id", "mkt_tok", "srsltid", "s_cid", "gad_source", "gad_campaignid", "ysclid", "rdt_cid", "epik",
        "__hstc", "__hssc", "__hsfp", "pk_campaign", "pk_kwd", "pk_keyword", "pk_source", "pk_medium", "pk_content",
        "pk_cid",
    )
)  # fmt: skip


@lru_cache(REMEMBERED)
def untracked(source: Source) -> Source:
    """Give the same page without the parameters that only track readers; all others keep bytes and order."""
    before, mark, query = source.url.partition("?")
    if not mark:
        return source
    kept = "&".join(part for part in query.split("&") if not _tracks(part.partition("=")[0].lower()))
    return Source(before + (f"?{kept}" if kept else ""))


def _tracks(name: str) -> bool:
    return name in _NAMES or name.startswith(_PREFIXES)
