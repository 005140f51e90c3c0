"""The operations of logos."""

from imgsvc import errors
from imgsvc.web.header_names import COLOUR_SCHEME
from imgsvc.web.logos.parameters import CANDIDATES, INVERT, PATH_DOMAIN, SHAPES
from imgsvc.web.logos.uploads import IMAGE, MAX_FORM_BYTES, MAX_IMAGE_BYTES, MAX_PARTS, URL
from imgsvc.web.openapi import headers, problems
from imgsvc.web.openapi.images import picture_answers
from imgsvc.web.openapi.operation import JSON, Answer, Operation, named

LOGOS = "Logos"

_REQUEST = (*headers.CONDITIONS, "Save-Data", "Sec-CH-DPR", COLOUR_SCHEME, "X-Request-Id")
_ANSWERS = picture_answers(headers.LOGO)
_SEARCH_ERRORS = (*problems.QUERY, *problems.LOOP, *problems.LIMITS, *problems.LOAD, errors.BadDomain)
_ERRORS = (*_SEARCH_ERRORS, errors.LogoNotFound)
_WHOSE = "Name `website` or `company`, not both."
_SHAPED = "Answers, errors and fallbacks are those of `/api/logo`; other parameters are ignored."

_A_URL = {
    "type": "object",
    "required": [URL],
    "properties": {URL: {"type": "string", "minLength": 1, "description": "Of any public host."}},
}
_A_FORM = {
    "type": "object",
    "description": f"One of the two, and at most {MAX_PARTS - 1} fields in all; others are ignored.",
    "maxProperties": MAX_PARTS - 1,
    "propertyNames": {"pattern": "^[^\\u0000-\\u001f\\u007f]*$"},
    "properties": {
        IMAGE: {
            "type": "string", "contentMediaType": "application/octet-stream", "minLength": 1,
            "description": f"The file, at most {MAX_IMAGE_BYTES} bytes.",
        },
        URL: {
            "type": "string", "minLength": 1, "description": f"Where the picture is; at most {MAX_FORM_BYTES} bytes.",
        },
    },
    "oneOf": [{"required": [IMAGE]}, {"required": [URL]}],
}  # fmt: skip


def _shape(path: str, name: str, summary: str, *tries: str) -> Operation:
    return Operation(
        path=path, name=name, tag=LOGOS, summary=summary, description=_SHAPED,
        path_parameters=(PATH_DOMAIN,) if "{domain}" in path else (), query=SHAPES[path].parameters,
        request_headers=_REQUEST, answers=_ANSWERS, errors=_ERRORS, statuses=(416,), tries=tries,
    )  # fmt: skip


OPERATIONS = (
    Operation(
        path="/api/logo", name="getLogo", tag=LOGOS, summary="The logo of a site or a company",
        description=(
            f"{_WHOSE} The answer fits in a square of `size` and keeps its ratio; drawings and monograms are drawn at "
            "that size, other pictures are never enlarged. With `theme` or `bg` it is adapted to the page, and what "
            "was seen of it is in the headers."
        ),
        query=SHAPES["/api/logo"].parameters, request_headers=_REQUEST, answers=_ANSWERS, errors=_ERRORS,
        statuses=(416,), tries=("/api/logo?website=example.com", "/api/logo?website=example.com&size=64&theme=dark"),
    ),
    Operation(
        path="/api/logo/invert", name="getInvertedLogo", tag=LOGOS, summary="A logo, or any picture, for its page",
        description="Name `domain` or `url`, not both. `theme` is `dark` unless it is given.",
        query=INVERT.parameters, request_headers=_REQUEST, answers=_ANSWERS,
        errors=(*_ERRORS, *problems.PICTURE, *problems.URL, *problems.STORED), statuses=(416,),
        tries=("/api/logo/invert?domain=example.com", "/api/logo/invert?url={picture}&theme=dark&size=320"),
    ),
    Operation(
        path="/api/logo/candidates", name="getLogoCandidates", tag=LOGOS, summary="Why this logo and no other",
        description=_WHOSE, query=CANDIDATES.parameters, request_headers=("X-Request-Id",),
        answers=(
            Answer(
                status=200, description="The search, told.", content={JSON: named("Explanation")},
                headers=("Cache-Control", "X-Ignored-Params"),
            ),
        ),
        errors=_SEARCH_ERRORS, tries=("/api/logo/candidates?website=example.com",),
    ),
    Operation(
        method="POST", path="/api/validate-logo", name="validateLogo", tag=LOGOS,
        summary="Whether a picture stands for any site",
        description="Globes, hosts' defaults, services' placeholders. A URL may be of any public host.",
        request_headers=("X-Request-Id",),
        body={
            "multipart/form-data": _A_FORM, "application/x-www-form-urlencoded": _A_URL, JSON: _A_URL,
        },
        answers=(
            Answer(
                status=200, description="The verdict.", content={JSON: named("VerdictAnswer")},
                headers=("Cache-Control",),
            ),
        ),
        errors=(
            *problems.QUERY, *problems.URL, *problems.REACH, *problems.ORIGIN, *problems.BYTES, *problems.LIMITS,
            *problems.LOAD,
        ),
        statuses=(408, 413),
    ),
    _shape("/logo/{domain}", "getLogoAsClearbit", "As Clearbit and logo.dev have it", "/logo/example.com?size=64"),
    _shape("/s2/favicons", "getLogoAsGoogle", "As Google has it", "/s2/favicons?domain=example.com&sz=32"),
    _shape("/icon", "getLogoAsBesticon", "As besticon has it", "/icon?url=example.com&size=16..32..64"),
)  # fmt: skip
