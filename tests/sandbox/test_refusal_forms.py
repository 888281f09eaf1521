"""Every refusal is readable by the client that made the request, with AWS's code and status.

Source: AWS_RECORDED B1 to B4; botocore parses, so what it reads is what a client sees.
"""

import http.client
import json
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import HmacV1Auth
from botocore.awsrequest import AWSRequest
from botocore.session import get_session
from scene import allow, trusts

from labhelpers.outcome import REFUSAL_CODES
from labhelpers.sandbox.wire import families

ADMIN = "arn:aws:iam::111122223333:user/lab-admin"
INVALID = "The security token included in the request is invalid."

CALLS = {
    "cloudfront": "list_distributions",
    "cloudwatch": "describe_alarms",
    "codebuild": "list_projects",
    "dynamodb": "list_tables",
    "eks": "list_clusters",
    "lambda": "list_functions",
    "route53": "list_hosted_zones",
    "secretsmanager": "list_secrets",
    "sns": "list_topics",
    "sqs": "list_queues",
}
# What a service says of: a denial, a wrong key, a wrong secret, an expired token. (status, code)
QUERY = (
    (403, "AccessDenied"),
    (403, "InvalidClientTokenId"),
    (403, "SignatureDoesNotMatch"),
    (403, "ExpiredToken"),
)
CODES = ("AccessDeniedException", "UnrecognizedClientException")
CODES += ("InvalidSignatureException", "ExpiredTokenException")
JSON = tuple((400, code) for code in CODES)
REST_JSON = tuple((403, code) for code in CODES)
SAID = {
    "cloudfront": QUERY,
    "cloudwatch": (None, *QUERY[1:]),  # in CBOR; its denial is asked below
    "codebuild": JSON,  # in CBOR
    "dynamodb": JSON,
    "eks": REST_JSON,
    "lambda": REST_JSON,
    "route53": QUERY,
    "secretsmanager": JSON,
    "sns": ((403, "AuthorizationError"), *QUERY[1:]),
    "sqs": QUERY,
}


def refused(session, service):
    """(status, code, message) as botocore reads a refusal."""
    client = session.client(service)
    with pytest.raises(client.exceptions.ClientError) as caught:
        getattr(client, CALLS[service])()
    told = caught.value.response
    status = told["ResponseMetadata"]["HTTPStatusCode"]
    return status, told["Error"]["Code"], told["Error"]["Message"]


def test_each_family_in_its_own_form(world):
    role = world.role("reader", trusts(ADMIN), permissions=[])
    keys = world.assume(world.lab.session(), role).response["Credentials"]
    key_id = world.lab.session().get_credentials().access_key
    nobody = world.user("nobody")
    strange = {"AccessKeyId": "AKIAQQQQQQQQQQQQQQQQ", "SecretAccessKey": "s" * 40}
    wrong = {"AccessKeyId": key_id, "SecretAccessKey": "s" * 40}
    world.lab.clock.advance(seconds=3601)
    for service, (denied, invalid, mismatch, expired) in SAID.items():
        if denied is not None:
            got = refused(nobody, service)
            assert got[:2] == denied, service
            assert "is not authorized to perform" in got[2]
        got = refused(world.lab.session_from(strange), service)
        assert got == (*invalid, INVALID), service
        assert refused(world.lab.session_from(wrong), service)[:2] == mismatch, service
        got = refused(world.lab.session_from(keys), service)
        assert got == (*expired, "The security token included in the request is expired"), service


def test_not_modelled_in_every_form(world):
    """A client shows the sandbox's own refusal, whatever its protocol."""
    unknown = {"StringEquals": {"aws:Ec2InstanceSourceVpc": "vpc-1"}}
    lab, lea = world.lab, world.user("lea", allow("*", Condition=unknown))
    asked = {
        "cloudfront": ("list_distributions", {}),
        "codebuild": ("list_projects", {}),
        "lambda": ("list_functions", {}),
        "route53": ("list_hosted_zones", {}),
        "sqs": ("list_queues", {}),
        "sso": ("list_accounts", {"accessToken": "x"}),
        "sso-oidc": ("register_client", {"clientName": "x", "clientType": "public"}),
        "cognito-identity": ("get_id", {"IdentityPoolId": "us-east-1:1"}),
        "cognito-idp": ("forgot_password", {"ClientId": "x", "Username": "y"}),
    }
    for service, (method, parameters) in asked.items():
        got = lab.attempt(getattr(lea.client(service), method), **parameters)
        assert got.code == "SandboxNotModelled", (service, got)
        assert got.message.startswith("The sandbox does not model "), service


def test_what_s3_has_is_not_identity_centers(world):
    """An anonymous object whose path is one of the portal's."""
    s3 = world.bucket("assignment")
    s3.put_object(Bucket="assignment", Key="accounts", Body=b"mine")
    status, _, body = raw(world.lab, "GET", "/assignment/accounts")
    assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)


def raw(lab, method, path, headers=None, body=None):
    """(status, headers, body) of a request as it stands."""
    address = urlsplit(lab.endpoint_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    found = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    connection.close()
    return found


def test_unsigned_json_gets_json(lab):
    """Of services that want a signature, too; a bearer token is not modelled."""
    kind = {"Content-Type": "application/json"}
    status, headers, body = raw(lab, "POST", "/2015-03-31/functions", kind, b"{}")
    assert (status, headers["content-type"]) == (403, "application/json")
    assert json.loads(body)["__type"] == "MissingAuthenticationTokenException"
    target = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}
    status, _, body = raw(lab, "POST", "/", target, b"{}")
    told = {"__type": "MissingAuthenticationTokenException"}
    assert (status, json.loads(body)) == (400, told | {"message": "Missing Authentication Token"})
    bearer = kind | {"Authorization": "Bearer abc"}
    status, _, body = raw(lab, "POST", "/model/x/converse", bearer, b"{}")
    assert (status, json.loads(body)["__type"]) == (400, "SandboxNotModelled")


def test_signature_version_2_to_s3(lab):
    """The default of old clients; S3's answer in Regions opened since 2014."""
    place = {"LocationConstraint": lab.region}
    lab.client("s3").create_bucket(Bucket="reports", CreateBucketConfiguration=place)
    request = AWSRequest("GET", lab.endpoint_url + "/reports")
    request.context["s3"] = {}
    HmacV1Auth(lab.session().get_credentials()).add_auth(request)
    status, _, body = raw(lab, "GET", "/reports", dict(request.headers))
    text = body.decode()
    assert (status, "<Code>InvalidRequest</Code>" in text) == (400, True)
    words = "The authorization mechanism you have provided is not supported. "
    assert f"<Message>{words}Please use AWS4-HMAC-SHA256.</Message>" in text


def test_every_code_counts_as_a_refusal():
    """attempt() and the lab on AWS know a refusal by its code."""
    named = ("QUERY", "S3", "EC2", "JSON", "REST_JSON", "COMPATIBLE")
    kinds = ("denied", "invalid_key", "invalid_token", "expired", "bad_signature", "unsigned")
    for family in (getattr(families, name) for name in named):
        codes = {getattr(family, kind)[1] for kind in kinds} | {family.incomplete}
        assert codes <= REFUSAL_CODES


def test_who_keeps_the_codes_of_query():
    """The table is the one of botocore's models."""
    for service in ("cloudwatch", "sqs"):
        model = get_session().get_service_model(service)
        assert "awsQueryCompatible" in model.metadata
        assert model.signing_name in families.QUERY_COMPATIBLE
    assert len(families.QUERY_COMPATIBLE) == 2


NEEDED = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
    "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
MALFORMED = (
    "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
    '"&lt;YOUR-AKID&gt;/YYYYMMDD/REGION/SERVICE/aws4_request".'
)
LIFE = "X-Amz-Expires must be "


def changed(link, name, new):
    """A link with another value of a parameter; None leaves the parameter out."""
    path, _, query = link.partition("?")
    pairs = [pair.partition("=")[::2] for pair in query.split("&")]
    kept = [(k, new(v) if k == name else v) for k, v in pairs if k != name or new is not None]
    return f"{path}?{'&'.join(f'{k}={v}' for k, v in kept)}"


def test_links_of_which_something_is_missing_or_odd(world):
    """Recorded on S3: a code of its own, for links that a mail or a template has spoilt."""
    s3 = world.bucket("reports")
    url = s3.generate_presigned_url("get_object", {"Bucket": "reports", "Key": "k"})
    link = url.removeprefix(world.lab.endpoint_url)
    names = ("Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires")
    cases = [(f"X-Amz-{name}", None, NEEDED) for name in names]
    cases += [(f"X-Amz-{name}", lambda _: "", NEEDED) for name in names]
    cases += [
        ("X-Amz-Credential", quote, MALFORMED),
        ("X-Amz-Credential", lambda _: "AKIA/us-east-1", MALFORMED),
        ("X-Amz-Credential", lambda v: v.replace("ap-northeast-2", "x"))
        + ("Error parsing the X-Amz-Credential parameter; the region 'x' is wrong",),
        ("X-Amz-Expires", lambda _: "soon", "X-Amz-Expires should be a number"),
        ("X-Amz-Expires", lambda _: "-1", LIFE + "non-negative"),
        ("X-Amz-Expires", lambda _: "604801", LIFE + "less than a week (in seconds); that is, "),
        ("X-Amz-Date", lambda _: "today", "X-Amz-Date must be in the ISO8601 Long Format"),
    ]
    for name, new, words in cases:
        status, _, body = raw(world.lab, "GET", changed(link, name, new))
        text = body.decode()
        assert status == 400, (name, text)
        assert "<Code>AuthorizationQueryParametersError</Code>" in text, (name, text)
        assert f"<Message>{words}" in text, (name, text)


def test_links_to_other_services_of_which_something_is_missing(lab):
    """The others name what is missing, each parameter."""
    query = "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    status, _, body = raw(lab, "GET", f"/?{query}&X-Amz-Credential=a/1/us-east-1/sts/aws4_request")
    text = body.decode()
    assert (status, "<Code>IncompleteSignature</Code>" in text) == (400, True)
    told = ("X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders")
    words = " ".join(f"AWS query-string parameters must include '{name}'." for name in told)
    assert f"<Message>{words} Re-examine the query-string parameters.</Message>" in text
