"""Every refusal of every service of AWS can be read by its own client.

botocore writes the request, by its model of the service, and reads the answer. Here it is one
operation each of services that differ in how they speak; LAB_EVERY_SERVICE=1, as in `make check
WHAT=clients`, asks all of them.
"""

from __future__ import annotations

import os

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session
from scene import World, allow, trusts

ADMIN = "arn:aws:iam::111122223333:user/lab-admin"
SAMPLE = {
    # in each protocol
    "query": ("elb", "ses", "sns", "sts", "iam"),
    "query without a model of its actions": ("importexport",),
    "ec2": ("ec2",),
    "rest-xml": ("cloudfront", "route53", "s3"),
    "rest-json": ("account", "eks", "lambda", "rolesanywhere", "scheduler"),
    "rest-json without a model of its actions": ("apiportal", "iot-jobs-data"),
    "rest-json, the body left unsigned": ("lex-runtime",),
    "json": ("dynamodb", "kms", "secretsmanager", "stepfunctions", "organizations"),
    "json without a model of its actions": ("cloudcontrol", "mturk"),
    "json with the codes of query": ("sqs",),
    "cbor": ("cloudwatch", "codebuild", "eventbridgev2"),
}
#: Not asked: what botocore itself does not send, or to an address of its own making.
NOT_ASKED = {
    "account-access-runtime": "signed by a bearer token",
    "cloudfront-keyvaluestore": "the endpoint comes from an ARN",
    "codecatalyst": "signed by a bearer token",
    "s3control": "the account is a part of the host's name",
    "sdb": "Signature Version 2, below",
    "signin": "AWS's own host, whatever the endpoint",
    "sso": "a token in a header, below",
}
#: Refused before anybody asks who signed.
AT_ONCE = ("sso-oidc", "lex-runtime", "lexv2-runtime", "mediastore-data", "omics")
KEY = ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "AuthFailure")
EXPIRED = ("ExpiredTokenException", "ExpiredToken", "RequestExpired")
DENIED = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "AuthorizationError")
CONFIG = Config(
    parameter_validation=False, retries={"total_max_attempts": 1}, inject_host_prefix=False
)


def chosen():
    if os.environ.get("LAB_EVERY_SERVICE"):
        return sorted(set(get_session().get_available_services()) - set(NOT_ASKED))
    return [name for names in SAMPLE.values() for name in names]


@pytest.fixture(scope="module")
def callers():
    """Sessions, by what is the matter with them."""
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        world = World(lab)
        role = world.role("reader", trusts(ADMIN), permissions=[])
        old = world.assume(lab.session(), role).response["Credentials"]
        unknown = {"StringEquals": {"aws:Ec2InstanceSourceVpc": "vpc-1"}}
        world.lab.clock.advance(seconds=3601)
        strange = {"AccessKeyId": "AKIAQQQQQQQQQQQQQQQQ", "SecretAccessKey": "s" * 40}
        yield {
            "key": lab.session_from(strange),
            "expired": lab.session_from(old),
            "denied": world.user("nobody"),
            "not modelled": world.user("lea", allow("*", Condition=unknown)),
        }


def sample(shape, depth=0):
    """Some value of a shape: what botocore needs to write the request."""
    kind, least = shape.type_name, shape.metadata.get("min", 1)
    if kind == "structure":
        names = shape.required_members if depth < 8 else ()
        return {name: sample(shape.members[name], depth + 1) for name in names}
    if kind == "string":
        return shape.enum[0] if shape.enum else "x" * max(1, least)
    simple = {"boolean": True, "timestamp": 0, "blob": b"x", "float": 1.0, "double": 1.0}
    return {"list": [], "map": {}, **simple}.get(kind, max(1, least))


def operation_of(model):
    """One that everybody has to sign, and whose IAM action is most often of the same name."""
    names = sorted(model.operation_names, key=lambda name: (not name.startswith("List"), name))
    return next(name for name in names if model.operation_model(name).auth_type != "none")


def told(session, service):
    """(status, code, message) as botocore reads a refusal."""
    client = session.client(service, config=CONFIG)
    model = client.meta.service_model
    special = {"lex-runtime": "PostContent", "s3": "ListBuckets", "sts": "GetFederationToken"}
    name = special.get(service)
    name = name or operation_of(model)
    shape = model.operation_model(name).input_shape
    with pytest.raises(ClientError) as caught:
        client._make_api_call(name, sample(shape) if shape else {})
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status, answer["Error"]["Code"], answer["Error"]["Message"]


@pytest.mark.parametrize("service", chosen())
def test_every_refusal_can_be_read(callers, service):
    codes = {"key": KEY, "expired": EXPIRED, "denied": DENIED, "not modelled": ()}
    for what, session in callers.items():
        status, code, message = told(session, service)
        assert 400 <= status < 500 and message, (what, status, code)
        allowed = codes[what]
        if what in ("denied", "not modelled") or service in AT_ONCE:
            allowed += ("SandboxNotModelled",)
        assert code in allowed, (what, status, code, message)
        assert "of this form" not in message, what


def test_sigv2_of_query_and_portals_say_that_they_are_not_modelled(callers):
    for service, method, more in (
        ("sdb", "list_domains", {}),
        ("sso", "list_accounts", {"accessToken": "x"}),
    ):
        client = callers["denied"].client(service, config=CONFIG)
        with pytest.raises(ClientError, match="SandboxNotModelled"):
            getattr(client, method)(**more)
