"""Bucket policies that S3 refuses, in its words, and those that it takes."""

import json

import pytest
from scene import World, allow, policy

from labhelpers.lab import open_lab

HERE = "111122223333"
BUCKET, OBJECTS = "arn:aws:s3:::reports", "arn:aws:s3:::reports/*"
ADMIN = {"AWS": f"arn:aws:iam::{HERE}:user/lab-admin"}


def statement(action="s3:GetObject", resource=OBJECTS, **more):
    return allow(action, resource, Principal=ADMIN) | more


def document(**more):
    return json.dumps({"Version": "2012-10-17", "Statement": statement()} | more)


def without(name):
    kept = statement()
    del kept[name]
    return policy(kept)


def under(operator, key, value, **more):
    return policy(statement(Condition={operator: {key: value}}, **more))


NO_JSON = "Policies must be valid JSON and the first byte must be '{'"
PRINCIPAL, RESOURCE = "Invalid principal in policy", "Policy has invalid resource"
ACTION = "Policy has invalid action"
UNFIT = "Action does not apply to any resource(s) in statement"
NO_KEY = "Policy has an invalid condition key"
UNFIT_KEY = "Conditions do not apply to combination of actions and resources in statement"
GHOST = f"arn:aws:iam::{HERE}:user/ghost"
REFUSED = [
    ("", NO_JSON),
    ("{", NO_JSON),
    ("[]", NO_JSON),
    (" " + document(), NO_JSON),
    (document()[:-1] + ",}", NO_JSON),
    ("{}", "Missing required field Statement"),
    (document(Statement=[]), "Could not parse the policy: Statement is empty!"),
    (document(Version="2012-10-18"), "The policy must contain a valid version string"),
    (document(Comment="x"), "Unknown field Comment"),
    (policy(statement(effect="Allow")), "Unknown field effect"),
    (policy(statement(Effect="allow")), "Invalid effect: allow"),
    (without("Effect"), "Missing required field Effect"),
    (without("Principal"), "Missing required field Principal"),
    (without("Action"), "Missing required field Action"),
    (without("Resource"), "Missing required field Resource"),
    (policy(statement(action=[])), "Missing required field Action cannot be empty!"),
    (policy(statement(resource=[])), "Missing required field Resource cannot be empty!"),
    (policy(statement(Principal="anna")), PRINCIPAL),
    (policy(statement(Principal={"AWS": "anna"})), PRINCIPAL),
    (policy(statement(Principal={"AWS": []})), PRINCIPAL),
    (policy(statement(Principal={"User": "*"})), PRINCIPAL),
    (policy(statement(Principal={"AWS": f"arn:aws:iam::{HERE}:group/g"})), PRINCIPAL),
    (policy(statement(Principal={"AWS": ["*", GHOST]})), PRINCIPAL),
    (policy(statement(action="GetObject")), ACTION),
    (policy(statement(action="s3:GetObjects")), ACTION),
    (policy(statement(action="s3:ListObjects")), ACTION),
    (policy(statement(action=["s3:GetObject", "ec2:RunInstances"])), ACTION),
    (policy(statement(action="ec2:*")), ACTION),
    (policy(statement(action="s3:Zip*")), ACTION),
    (policy(statement(resource="arn:aws:s3:::other/*")), RESOURCE),
    (policy(statement(resource=[OBJECTS, "arn:aws:s3:::reports2/*"])), RESOURCE),
    (policy(statement(resource="reports/*")), RESOURCE),
    (policy(statement(resource="*")), RESOURCE),
    (policy(statement(resource="arn:aws:s3:::*")), RESOURCE),
    (policy(statement(resource="arn:aws:sqs:us-east-1:111122223333:q")), RESOURCE),
    (policy(statement(resource=BUCKET)), UNFIT),
    (policy(statement(action="s3:ListBucket")), UNFIT),
    (policy(statement(action=["s3:GetObject", "s3:ListBucket"])), UNFIT),
    (policy(statement(action="s3:ListAllMyBuckets", resource=[BUCKET, OBJECTS])), UNFIT),
    (policy(statement(), statement(action="s3:ListBucket*")), UNFIT),
    (under("StringEquals", "s3:nope", "x"), NO_KEY),
    (under("StringEquals", "aws:SourceIpp", "x"), NO_KEY),
    (under("StringEquals", "ec2:InstanceType", "x"), NO_KEY),
    (under("StringEquals", "prefix", "x"), NO_KEY),
    (under("StringEquals", "s3:prefix", "x"), UNFIT_KEY),
    (under("StringEquals", "s3:x-amz-acl", "private"), UNFIT_KEY),
    (
        policy(
            statement(
                action=["s3:ListBucket", "s3:GetObject"],
                resource=[BUCKET, OBJECTS],
                Condition={"StringLike": {"s3:prefix": "a/*"}},
            )
        ),
        UNFIT_KEY,
    ),
    (document(Id="x" * 20480), "Policy exceeds the maximum allowed document size."),
]  # fmt: skip
TAKEN = [
    json.dumps({"Statement": statement()}),  # the version of 2008
    document(Version="2008-10-17", Id="mine"),
    policy(statement(action="*", resource=BUCKET)),
    policy(statement(action="s3:*", resource=BUCKET)),
    policy(statement(action="S3:getobject")),
    policy(statement(action=["s3:GetObject", "s3:ListBucket"], resource=[BUCKET, OBJECTS])),
    policy(statement(action="s3:Get*", resource=[BUCKET])),
    policy(statement(resource=f"{BUCKET}/home/${{aws:username}}/*")),
    policy(statement(Principal={"Service": "cloudtrail.amazonaws.com"}, action="s3:PutObject")),
    policy(statement(Sid="two words"), statement(Sid="two words")),
    under("StringLike", "s3:prefix", "a/*", Action="s3:ListBucket", Resource=BUCKET),
    under("StringEquals", "s3:x-amz-acl", "private", Action="s3:PutObject"),
    under("StringEquals", "s3:ExistingObjectTag/class", "open"),
    under("StringLike", "s3:prefix", "a/*", Action="s3:*", Resource=[BUCKET, OBJECTS]),
    under("StringEquals", "aws:PrincipalTag/team", "data"),
    under("ArnLike", "aws:SourceArn", "arn:aws:sns:*:111122223333:t"),
    under("StringEquals", "graph.facebook.com:app_id", "1"),
    under("ArnLike", "ec2:SourceInstanceARN", "*"),
]


@pytest.fixture(scope="module")
def lab():
    with open_lab() as opened:
        yield opened


@pytest.fixture(scope="module")
def reports(lab):
    return World(lab).bucket("reports")


def test_bucket_policies_that_s3_refuses(lab, reports):
    for text, words in REFUSED:
        got = lab.attempt(reports.put_bucket_policy, Bucket="reports", Policy=text)
        assert (got.code, got.message) == ("MalformedPolicy", words), text[:300]
        assert got.blocked_by == "request"
    ghost = policy(statement(Principal={"AWS": GHOST}))
    assert GHOST in lab.attempt(reports.put_bucket_policy, Bucket="reports", Policy=ghost).reason


def test_who_may_store_a_policy_is_asked_first(lab, reports):
    nobody = World(lab).user("nobody").client("s3")
    for text, _ in REFUSED[:9]:
        got = lab.attempt(nobody.put_bucket_policy, Bucket="reports", Policy=text)
        assert (got.code, got.blocked_by) == ("AccessDenied", "identity")


def test_bucket_policies_that_s3_takes(reports):
    for text in TAKEN:
        answer = reports.put_bucket_policy(Bucket="reports", Policy=text)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert reports.get_bucket_policy(Bucket="reports")["Policy"] == text
