"""The rules of a bucket, and what is said of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import StoreError
from imgsvc.store.s3_lifecycle import (
    ASSETS_RULE,
    IMAGES_RULE,
    MARKS_RULE,
    OURS,
    UPLOADS_RULE,
    lines_of,
    merged,
    prepare_bucket,
    rules_of,
)
from tests.unit.store.test_s3 import response, server, settings_of

DAY = 86_400

THEIRS = [
    {"ID": "backups", "Status": "Disabled", "Filter": {"Prefix": "backup/"}, "Expiration": {"Days": 7}},
    {"Status": "Enabled", "Prefix": "old-fashioned/", "Expiration": {"Days": 9}},
]


def by_id(rules) -> dict:
    return {rule["ID"]: rule for rule in rules}


def test_rules():
    """Uploads go after a day, pictures when it was said, marks a day after the longest lifetime."""
    rules = by_id(rules_of(30, 365 * DAY))
    assert rules[UPLOADS_RULE]["Filter"] == {"Prefix": "imgsvc-uploads/"}
    assert rules[UPLOADS_RULE]["Expiration"] == {"Days": 1}
    assert rules[UPLOADS_RULE]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert (rules[IMAGES_RULE]["Filter"], rules[IMAGES_RULE]["Expiration"]) == (
        {"Prefix": "images/image/"},
        {"Days": 30},
    )
    assert (rules[ASSETS_RULE]["Filter"], rules[ASSETS_RULE]["Expiration"]) == (
        {"Prefix": "images/assets/"},
        {"Days": 30},
    )
    assert (rules[MARKS_RULE]["Filter"], rules[MARKS_RULE]["Expiration"]) == ({"Prefix": "purge/"}, {"Days": 366})


@pytest.mark.parametrize(("seconds", "days"), [(0, 1), (1, 2), (DAY, 2), (DAY + 1, 3)])
def test_marks_outlive_what_they_hit(seconds: int, days: int):
    """The longest lifetime is rounded up to days, and one more."""
    assert by_id(rules_of(0, seconds))[MARKS_RULE]["Expiration"] == {"Days": days}


def test_pictures_may_stay():
    """Without an age pictures have no rule, and one that was there is removed."""
    change = merged(rules_of(30, DAY), rules_of(0, DAY))
    assert IMAGES_RULE not in by_id(change.rules)
    assert change.outcomes == {
        UPLOADS_RULE: "as it was", MARKS_RULE: "as it was", IMAGES_RULE: "removed", ASSETS_RULE: "removed"
    }  # fmt: skip


@given(st.lists(st.sampled_from([*THEIRS, *rules_of(7, DAY)]), unique_by=str), st.integers(0, 3))
def test_others_are_kept(there: list, expire_days: int):
    """Whatever is there, rules of others stay as they were and ours are as wanted; done again, nothing changes."""
    wanted = rules_of(expire_days, DAY)
    change = merged(there, wanted)
    assert [rule for rule in change.rules if rule.get("ID") not in OURS] == [rule for rule in there if rule in THEIRS]
    assert [rule for rule in change.rules if rule.get("ID") in OURS] == wanted
    assert merged(change.rules, wanted).is_none


def test_lines():
    """Each rule is one readable line, and so are those of others."""
    change = merged([*THEIRS, *rules_of(7, DAY)[1:2]], rules_of(30, DAY))
    assert lines_of(change) == [
        "rule imgsvc-uploads: added: imgsvc-uploads/ goes after 1 day, and so do uploads that were not completed",
        "rule imgsvc-images: changed: images/image/ goes after 30 days",
        "rule imgsvc-assets: added: images/assets/ goes after 30 days",
        "rule imgsvc-purge-marks: added: purge/ goes after 2 days",
        "rules of others: 2, as they were",
    ]


async def test_no_right_to_write_rules():
    """A failure names the bucket, what was being done, and the server's code."""
    answers = iter([response("200 OK", b""), response("403 Forbidden", b"<Error><Code>AccessDenied</Code></Error>")])
    said: list[str] = []
    async with server(lambda _, w: w.write(next(answers))) as url:
        with pytest.raises(StoreError) as caught:
            await prepare_bucket(settings_of(S3_ENDPOINT_URL=url), 30, DAY, said.append)
    assert caught.value.detail == "bucket bucket, life-cycle rules: The object store answered AccessDenied."
    assert said == ["bucket bucket: there already"]
