"""The operations of share pictures and page data."""

from imgsvc import errors
from imgsvc.web.openapi import headers, problems
from imgsvc.web.openapi.images import picture_answers
from imgsvc.web.openapi.operation import JSON, Answer, Operation, named
from imgsvc.web.opengraph.parameters import PAGE_PARAMETERS, PARAMETERS

SHARING = "Share pictures"

_CARD = (*headers.PICTURE, "X-Image-Width", "X-Image-Height", "X-Fallback")
_DATA = headers.KEPT

OPERATIONS = (
    Operation(
        path="/api/og-image", name="getShareImage", tag=SHARING, summary="The picture that stands for a page",
        description=(
            "Name `url` or `assetId`, not both; `title` alone asks for a card. Whatever goes wrong, but for a bad "
            "request and want of room, becomes a card with `200` and `X-Fallback`."
        ),
        query=PARAMETERS, request_headers=(*headers.CONDITIONS, "X-Request-Id"),
        answers=picture_answers(_CARD, described=False),
        errors=(
            *problems.QUERY, *problems.URL, *problems.LOOP, *problems.LOAD, errors.BadAssetId, errors.BadKey,
        ),
        statuses=(416,),
        tries=(
            "/api/og-image?title=Pictures%20for%20pages%20that%20have%20none",
            "/api/og-image?kind=person&title=Ada%20Lovelace&subtitle=Mathematician",
            "/api/og-image?url=https://example.com/&for=twitter",
        ),
    ),
    Operation(
        path="/api/og-data", name="getPageData", tag=SHARING, summary="What a page says of itself",
        description="Every member is always there; what the page does not say is null.",
        query=PAGE_PARAMETERS, request_headers=(*headers.CONDITIONS, "X-Request-Id"),
        answers=(
            Answer(status=200, description="The page's data.", content={JSON: named("PageAnswer")}, headers=_DATA),
            Answer(
                status=206, description="The range of bytes.", content={JSON: {}}, headers=(*_DATA, "Content-Range")
            ),
            Answer(status=304, description="The client has it already.", content={}, headers=_DATA),
        ),
        errors=(
            *problems.QUERY, *problems.URL, *problems.REACH, *problems.ORIGIN, *problems.LIMITS, *problems.LOAD,
            errors.NotAPage,
        ),
        statuses=(416,), tries=("/api/og-data?url=https://example.com/",),
    ),
)  # fmt: skip
