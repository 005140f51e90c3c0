"""The operations of pictures: of any source, and of two servers with routes of their own."""

from collections.abc import Iterable

from imgsvc import errors
from imgsvc.web.openapi import headers, problems
from imgsvc.web.openapi.operation import JSON, Answer, Operation, named, pictures
from imgsvc.web.parameters import BY_NAME, NEXT_PARAMETERS, PARAMETERS
from imgsvc.web.proxies import ASSET_ID, ASSET_PARAMETERS, TWITTER_NAMES, TWITTER_PARAMETERS, TWITTER_PATH

IMAGES = "Pictures"
PURGING = "Purging"

DESCRIBED = {"oneOf": [named("Description"), named("StandIn")]}
"""What is answered instead of a picture: to ``f=json``, and to ``placeholder``."""

_HINTS = ("Save-Data", "Sec-CH-DPR", "Sec-CH-Width", "X-Request-Id")
_REQUEST = (*headers.CONDITIONS, *_HINTS)


def picture_answers(names: Iterable[str], *, described: bool = True) -> tuple[Answer, ...]:
    """
    Describe the answers of a route for pictures.

    Args:
        names: of the headers that they have.
        described: whether JSON may be asked for instead.
    """
    said = tuple(names)
    content = pictures() | ({JSON: DESCRIBED} if described else {})
    whole = "The picture; or what `f=json` or `placeholder` asks for instead." if described else "The picture."
    return (
        Answer(status=200, description=whole, content=content, headers=said),
        Answer(status=206, description="The range of bytes.", content=content, headers=(*said, "Content-Range")),
        Answer(
            status=302, description="The CDN has it: `IMGSVC_DELIVERY=redirect`.", content={},
            headers=(*said, "Location"),
        ),
        Answer(status=304, description="The client has it already.", content={}, headers=said),
    )  # fmt: skip


_ANSWERS = picture_answers((*headers.PICTURE, "X-Refresh"))
_BY_URL = (*problems.PICTURE, *problems.URL, *problems.STORED)

OPERATIONS = (
    Operation(
        path="/api/cache/images", name="getImage", tag=IMAGES, summary="Any picture, resized and re-encoded",
        description=(
            "Steps happen in the order orient, trim, rotate, flip and flop, resize, blur, sharpen, greyscale, "
            "background. With `f=auto`, which is the default, `Accept` chooses among AVIF, WebP and the source's own "
            "format. Unknown parameters are ignored and named in `X-Ignored-Params`. Without a signature the source's "
            "host has to be in `IMGSVC_ALLOWED_HOSTS`."
        ),
        query=PARAMETERS, request_headers=_REQUEST, answers=_ANSWERS, errors=_BY_URL, statuses=(416,),
        tries=(
            "/api/cache/images?url={picture}&w=640",
            "/api/cache/images?url={picture}&w=320&h=320&fit=cover&g=attention",
            "/api/cache/images?url={picture}&f=json",
            "/api/cache/images?url={picture}&placeholder=thumbhash",
        ),
    ),
    Operation(
        path="/_next/image", name="getNextImage", tag=IMAGES, summary="The same under Next.js' own route",
        description="Relative URLs belong to `IMGSVC_SITE_URL`, whose pictures are allowed here.",
        query=NEXT_PARAMETERS, request_headers=_REQUEST,
        answers=picture_answers((*headers.PICTURE, "X-Refresh", "X-Nextjs-Cache")), errors=_BY_URL, statuses=(416,),
        tries=("/_next/image?url={picture}&w=640&q=75",),
    ),
    Operation(
        path="/api/twitter-image/{path}", name="getTwitterImage", tag=IMAGES, summary="A picture of Twitter's",
        description=(
            "`path` is sent as it is, slashes and all. `format` and `name` are Twitter's; the format of our answer is "
            "`f`. Whatever else is no parameter of ours is Twitter's too."
        ),
        path_parameters=(TWITTER_PATH,), query=(*TWITTER_NAMES, *TWITTER_PARAMETERS), request_headers=_REQUEST,
        answers=_ANSWERS, errors=(*problems.PICTURE, errors.BadPath), statuses=(416,),
    ),
    Operation(
        path="/api/assets/{assetId}", name="getAsset", tag=IMAGES, summary="A picture of the operator's asset server",
        description=(
            "Needs `ASSETS_BASE_URL` and `ASSETS_BEARER_TOKEN`. "
            "Without a parameter that says how it shall look it is the original."
        ),
        path_parameters=(ASSET_ID,), query=ASSET_PARAMETERS, request_headers=_REQUEST, answers=_ANSWERS,
        errors=(*problems.PICTURE, errors.BadAssetId, errors.AssetsNotConfigured), statuses=(416,),
    ),
    Operation(
        method="DELETE", path="/api/cache/images", name="deleteImage", tag=PURGING,
        summary="Remove a source and all made from it",
        query=(BY_NAME["url"],), request_headers=("X-Request-Id",),
        answers=(
            Answer(
                status=200, description="Removed, from every tier of every process.", content={JSON: named("Removed")},
                headers=("Cache-Control",),
            ),
        ),
        errors=(*problems.QUERY, *problems.URL, *problems.KEY, *problems.ADMIN), is_admin=True,
    ),
)  # fmt: skip
