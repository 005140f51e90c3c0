"""
What a bucket is to do by itself: written once, by ``imgsvc store init``.

The service needs none of it while it runs. The rules remove what nobody else would: pictures written long ago, marks of
purges whose time is over, and what processes that were killed, and never started again, left of uploads.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from imgsvc.errors import StoreError
from imgsvc.model.keys import ASSET_PREFIX, IMAGE_PREFIX
from imgsvc.model.purge import MARKS_PREFIX
from imgsvc.settings import StoreSettings
from imgsvc.store.integrity import Counters
from imgsvc.store.s3_bucket import Bucket
from imgsvc.store.s3_client import SharedClient
from imgsvc.store.s3_writer import UPLOADS

DAY_SECONDS = 86_400
UPLOADS_DAYS = 1

UPLOADS_RULE = "imgsvc-uploads"
IMAGES_RULE = "imgsvc-images"
ASSETS_RULE = "imgsvc-assets"
MARKS_RULE = "imgsvc-purge-marks"
"""Stable: by these IDs rules are known as ours, whatever is in them."""
OURS = (UPLOADS_RULE, IMAGES_RULE, ASSETS_RULE, MARKS_RULE)

DEFAULT_REGION = "us-east-1"
"""The one region that S3 does not want named when a bucket is made."""

Rule = Mapping[str, Any]


class Change(Struct, frozen=True):
    """
    What a configuration becomes, and how that differs from what it was.

    Attributes:
        rules: all of them, those of others first and as they were.
        outcomes: what happened to each rule of ours, by ID; one that is neither wanted nor there is left out.
        others: how many rules are not ours.
    """

    rules: list[Rule]
    outcomes: dict[str, str] = field(default_factory=dict)
    others: int = 0

    @property
    def is_none(self) -> bool:
        """Whether all is as it was."""
        return set(self.outcomes.values()) == {"as it was"}


async def prepare_bucket(
    settings: StoreSettings, expire_days: int, longest_seconds: int, say: Callable[[str], object]
) -> None:
    """
    Make the bucket if it is missing, and write our rules beside those of others.

    Args:
        settings: ``s3_bucket`` is set.
        expire_days: after so many days pictures and their records go; 0 is never.
        longest_seconds: how long a purge mark is of use.
        say: given each line of what was done.

    Raises:
        StoreError: what failed, in one line.
    """
    client = SharedClient(settings)
    bucket = Bucket(str(settings.s3_bucket), client, Counters())
    try:
        with _named(f"bucket {bucket.name}"):
            made = await _make_missing(bucket, client, is_aws=settings.s3_endpoint_url is None)
        say(f"bucket {bucket.name}: {'made' if made else 'there already'}")
        with _named(f"bucket {bucket.name}, life-cycle rules"):
            change = await _write(bucket, rules_of(expire_days, longest_seconds))
    finally:
        await client.aclose()
    for line in lines_of(change):
        say(line)


def rules_of(expire_days: int, longest_seconds: int) -> list[Rule]:
    """
    Give our rules.

    Some servers know only expiry and would refuse a rule that has nothing but the abort: both are in one.
    """
    uploads = _expiry(UPLOADS_RULE, UPLOADS, UPLOADS_DAYS) | {
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UPLOADS_DAYS}
    }
    marks = _expiry(MARKS_RULE, MARKS_PREFIX, -(-longest_seconds // DAY_SECONDS) + 1)
    pictures = ((IMAGES_RULE, IMAGE_PREFIX), (ASSETS_RULE, ASSET_PREFIX)) if expire_days else ()
    return [uploads, *(_expiry(name, prefix, expire_days) for name, prefix in pictures), marks]


def merged(there: Sequence[Rule], wanted: Sequence[Rule]) -> Change:
    """Put *wanted* in place of the rules of ours that are there."""
    others = [rule for rule in there if rule.get("ID") not in OURS]
    before = {rule["ID"]: rule for rule in there if rule.get("ID") in OURS}
    outcomes = {
        rule["ID"]: "added" if rule["ID"] not in before else "as it was" if before[rule["ID"]] == rule else "changed"
        for rule in wanted
    }
    outcomes |= {name: "removed" for name in before if name not in outcomes}
    return Change([*others, *wanted], outcomes, len(others))


def lines_of(change: Change) -> list[str]:
    """Say what became of each rule."""
    rules = {rule.get("ID"): rule for rule in change.rules}
    lines = [
        f"rule {name}: {outcome}" + (f": {_meaning(rules[name])}" if name in rules else "")
        for name, outcome in change.outcomes.items()
    ]
    return [*lines, *([f"rules of others: {change.others}, as they were"] if change.others else [])]


def _expiry(name: str, prefix: str, days: int) -> dict[str, Any]:
    return {"ID": name, "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": days}}


def _meaning(rule: Rule) -> str:
    days = rule["Expiration"]["Days"]
    age = "1 day" if days == 1 else f"{days} days"
    uploads = ", and so do uploads that were not completed" if "AbortIncompleteMultipartUpload" in rule else ""
    return f"{rule['Filter']['Prefix']} goes after {age}{uploads}"


async def _make_missing(bucket: Bucket, client: SharedClient, *, is_aws: bool) -> bool:
    """Make the bucket; False when it is there."""
    if await bucket.call("head_bucket", none_for=("404", "NoSuchBucket")) is not None:
        return False
    region = (await client.get()).meta.region_name
    place = {"CreateBucketConfiguration": {"LocationConstraint": region}} if is_aws and region != DEFAULT_REGION else {}
    return await bucket.call("create_bucket", none_for=("BucketAlreadyOwnedByYou",), **place) is not None


async def _write(bucket: Bucket, wanted: Sequence[Rule]) -> Change:
    there = await bucket.call("get_bucket_lifecycle_configuration", none_for=("NoSuchLifecycleConfiguration",)) or {}
    change = merged(there.get("Rules", ()), wanted)
    if not change.is_none:
        # Part of the same configuration at AWS: left out, it would go back to its default.
        kept = {name: there[name] for name in ("TransitionDefaultMinimumObjectSize",) if name in there}
        await bucket.call(
            "put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": change.rules}, **kept
        )  # fmt: skip
    return change


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    """Say of a failure what it was about."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"{what}: {error.detail}") from error
