"""cloudtrail:LookupEvents, through boto3."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from scene import World, allow

from labhelpers import open_lab

HERE, THERE = "111122223333", "444455556666"
ENTER = {
    "Effect": "Allow",
    "Principal": {"AWS": HERE},
    "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
}


@pytest.fixture(scope="module")
def history():
    """A lab with events of two accounts, over three hours."""
    with open_lab("sandbox") as lab:
        world = World(lab)
        arn = world.role("reader", ENTER, account=THERE)
        start = lab.clock.now()
        answer = world.assume(lab.session(), arn, "anna-1").response
        lab.clock.advance(timedelta(hours=1))
        for _ in range(7):
            lab.client("sts").get_caller_identity()
        lab.clock.advance(timedelta(hours=1))
        lab.session_from(answer)  # expired by now
        world.bucket("history").put_object(Bucket="history", Key="a", Body=b"x")
        lab.clock.advance(timedelta(hours=1))
        yield world, answer, start


def find(world, account=None, region=None, **query):
    session = world.lab.session(account)
    client = session.client("cloudtrail", region_name=region or world.lab.region)
    return client.lookup_events(**query)["Events"]


def by(key, value):
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def test_lookup_is_newest_first_and_management_only(history):
    world, _, start = history
    events = find(world, StartTime=start, EndTime=start + timedelta(hours=2, minutes=30))
    assert [event["EventName"] for event in events] == [
        "CreateBucket",
        *["GetCallerIdentity"] * 7,
        "AssumeRole",
    ]
    times = [event["EventTime"] for event in events]
    assert times == sorted(times, reverse=True)


def test_lookup_shows_the_whole_event(history):
    world, answer, _ = history
    event = find(world, **by("EventName", "AssumeRole"))[0]
    full = json.loads(event["CloudTrailEvent"])
    assert full in world.lab.trail and full["eventID"] == event["EventId"]
    assert event["Username"] == "lab-admin" and event["ReadOnly"] == "true"
    assert event["AccessKeyId"].startswith("AKIA")
    assert f"{event['EventTime'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" == full["eventTime"]
    session = answer["AssumedRoleUser"]
    assert [tuple(item.values()) for item in event["Resources"]] == [
        ("AWS::IAM::AccessKey", answer["Credentials"]["AccessKeyId"]),
        ("AWS::STS::AssumedRole", session["AssumedRoleId"]),
        ("AWS::STS::AssumedRole", "anna-1"),
        ("AWS::STS::AssumedRole", session["Arn"]),
        ("AWS::IAM::Role", f"arn:aws:iam::{THERE}:role/reader"),
    ]


@pytest.mark.parametrize(
    "key, value, count",
    [
        ("EventName", "GetCallerIdentity", 7),
        ("EventName", "getcalleridentity", 0),
        ("Username", "lab-admin", None),
        ("Username", "nobody", 0),
        ("EventSource", "s3.amazonaws.com", 1),
        ("ReadOnly", "false", 1),
        ("ResourceType", "AWS::STS::AssumedRole", 1),
        ("ResourceName", "history", 1),
        ("ResourceName", "anna-1", 1),
        ("EventName", "PutBucketPolicy", 0),
        ("EventId", "00000000-0000-0000-0000-000000000000", 0),
    ],
)
def test_lookup_by_attribute(history, key, value, count):
    events = find(history[0], **by(key, value))
    assert len(events) == count if count is not None else len(events) > 8


def test_lookup_by_key(history):
    """The question after a leak: what was done with this key, and by whom was it issued?"""
    world, answer, _ = history
    admin = find(world, **by("EventName", "GetCallerIdentity"))[0]["AccessKeyId"]
    assert len(find(world, **by("AccessKeyId", admin))) > 8
    key = answer["Credentials"]["AccessKeyId"]
    assert len(find(world, **by("AccessKeyId", key))) == 0
    assert find(world, **by("ResourceName", key))[0]["EventName"] == "AssumeRole"


def test_lookup_is_of_one_account_and_region(history):
    """IAM's events are in us-east-1; the role's account has its own copy of AssumeRole."""
    world, _, _ = history
    names = {event["EventName"] for event in find(world)}
    assert not names & {"CreateRole", "CreateUser"}
    there = find(world, account=THERE, region="us-east-1")
    assert [event["EventName"] for event in there] == ["PutRolePolicy", "CreateRole"][1:]
    copies = find(world, account=THERE, **by("EventName", "AssumeRole"))
    assert len(copies) == 1 and "Username" not in copies[0] and "AccessKeyId" not in copies[0]
    assert json.loads(copies[0]["CloudTrailEvent"])["recipientAccountId"] == THERE


def test_lookup_pages(history):
    """No event is lost or doubled between pages, also when new ones come in meanwhile."""
    world, _, _ = history
    client = world.lab.client("cloudtrail")
    pages = list(
        client.get_paginator("lookup_events").paginate(
            **by("EventName", "GetCallerIdentity"), PaginationConfig={"PageSize": 3}
        )
    )
    sizes = [len(page["Events"]) for page in pages]
    ids = [event["EventId"] for page in pages for event in page["Events"]]
    assert sizes == [3, 3, 1] and len(set(ids)) == 7
    first = client.lookup_events(MaxResults=2)
    world.lab.client("s3").list_buckets()
    second = client.lookup_events(MaxResults=2, NextToken=first["NextToken"])
    shown = [event["EventId"] for event in first["Events"] + second["Events"]]
    assert len(set(shown)) == 4
    assert "ListBuckets" not in [event["EventName"] for event in second["Events"]]


def test_lookup_needs_permission(history):
    shared = history[0]
    nobody = shared.user("lookup-nobody").client("cloudtrail")
    reader = shared.user("lookup-reader", allow("cloudtrail:LookupEvents")).client("cloudtrail")
    refused = shared.lab.attempt(nobody.lookup_events)
    assert refused.outcome == "ImplicitlyDenied" and refused.code == "AccessDeniedException"
    assert shared.lab.attempt(reader.lookup_events).allowed
    event = find(shared, **by("Username", "lookup-nobody"))[0]
    assert json.loads(event["CloudTrailEvent"])["errorCode"] == "AccessDeniedException"


@pytest.mark.parametrize(
    "query, code",
    [
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"NextToken": "x"}, "InvalidNextTokenException"),
        ({"NextToken": "é"}, "InvalidNextTokenException"),
        (by("Colour", "blue"), "InvalidLookupAttributesException"),
        (
            {"LookupAttributes": 2 * by("EventName", "A")["LookupAttributes"]},
            "InvalidLookupAttributesException",
        ),
        (
            {
                "StartTime": datetime(2026, 2, 1, tzinfo=UTC),
                "EndTime": datetime(2026, 1, 1, tzinfo=UTC),
            },
            "InvalidTimeRangeException",
        ),
        ({"EventCategory": "other"}, "InvalidEventCategoryException"),
    ],
)
def test_lookup_refuses_bad_queries(history, query, code):
    shared = history[0]
    outcome = shared.lab.attempt(shared.lab.client("cloudtrail").lookup_events, **query)
    assert outcome.code == code


def test_token_of_another_query_is_refused(history):
    shared = history[0]
    client = shared.lab.client("cloudtrail")
    for _ in range(2):
        client.lookup_events(MaxResults=1)
    token = client.lookup_events(MaxResults=1)["NextToken"]
    other = shared.lab.attempt(client.lookup_events, MaxResults=2, NextToken=token)
    assert other.code == "InvalidNextTokenException"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"MaxResults": "1"}', b"[" * 5000])
def test_lookup_of_broken_json(history, body):
    shared = history[0]
    target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", shared.lab.endpoint_url, headers=headers, data=body)
    keys = shared.lab.session().get_credentials()
    SigV4Auth(keys, "cloudtrail", shared.lab.region).add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    assert answer.status_code == (200 if body == b"" else 400)
    assert "a request of this form" not in answer.text
