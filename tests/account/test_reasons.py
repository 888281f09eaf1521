"""Outcomes on AWS have the sandbox's words; the reason comes from the service's message."""

import pytest
from botocore.exceptions import ClientError

from labhelpers.account.reasons import UNTOLD, outcome_of
from labhelpers.outcome import Outcome

WHO = "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: s3:GetObject"


def said(code, message=""):
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetObject")


@pytest.mark.parametrize(
    "words, outcome, blocked_by",
    [
        ("because no identity-based policy allows the x action", "ImplicitlyDenied", "identity"),
        ("with an explicit deny in an identity-based policy", "ExplicitlyDenied", "identity"),
        (
            "with an explicit deny in an identity-based policy: arn:aws:iam::1:policy/p",
            "ExplicitlyDenied",
            "identity",
        ),
        ("because no resource-based policy allows the x action", "ImplicitlyDenied", "resource"),
        ("with an explicit deny in a resource-based policy", "ExplicitlyDenied", "resource"),
        ("because no permissions boundary allows the x action", "ImplicitlyDenied", "boundary"),
        ("with an explicit deny in a permissions boundary", "ExplicitlyDenied", "boundary"),
        ("because no session policy allows the x action", "ImplicitlyDenied", "session"),
        ("with an explicit deny in a session policy", "ExplicitlyDenied", "session"),
        ("because no service control policy allows the x action", "ImplicitlyDenied", "scp"),
        ("with an explicit deny in a service control policy", "ExplicitlyDenied", "scp"),
        ("with an explicit deny in a resource control policy", "ExplicitlyDenied", "rcp"),
        ("because no role trust policy allows the sts:AssumeRole action", "ImplicitlyDenied")
        + ("trust",),
        ("with an explicit deny in the role trust policy", "ExplicitlyDenied", "trust"),
    ],
)
def test_what_the_message_tells(words, outcome, blocked_by):
    """STS_FACTS 2.8, IAM User Guide, "Troubleshoot access denied error messages"."""
    got = outcome_of("s3:GetObject", said("AccessDenied", f"{WHO} {words}"), None)
    assert (got.outcome, got.blocked_by) == (outcome, blocked_by)
    assert words.split(":")[0] in got.reason and got.reason.startswith("AWS says")


def test_the_service_outweighs_the_sandbox():
    """Of several that refuse, AWS may name another than the sandbox."""
    ours = Outcome("ImplicitlyDenied", "a", "AccessDenied", blocked_by="boundary", reason="ours")
    words = f"{WHO} because no identity-based policy allows the s3:GetObject action"
    got = outcome_of("s3:GetObject", said("AccessDenied", words), ours)
    assert got.blocked_by == "identity" and "ours" not in got.reason


def test_where_the_service_does_not_say_the_sandbox_fills_in_and_says_so():
    ours = Outcome("ExplicitlyDenied", "a", "AccessDenied", blocked_by="trust", reason="it denies")
    got = outcome_of("sts:AssumeRole", said("AccessDenied", WHO), ours)
    assert (got.outcome, got.blocked_by) == ("ExplicitlyDenied", "trust")
    assert got.reason.startswith(UNTOLD) and "The sandbox" in got.reason
    assert got.message == WHO


def test_without_anybody_who_knows_nothing_is_claimed():
    got = outcome_of("sts:AssumeRole", said("AccessDenied", WHO), None)
    assert (got.outcome, got.blocked_by, got.reason) == ("ImplicitlyDenied", None, UNTOLD)
    other = Outcome("Allowed", "a", "NoSuchKey")
    assert outcome_of("a", said("AccessDenied", WHO), other).blocked_by is None


@pytest.mark.parametrize(
    "code, outcome, blocked_by",
    [
        ("ExpiredToken", "ImplicitlyDenied", "authentication"),
        ("InvalidClientTokenId", "ImplicitlyDenied", "authentication"),
        ("RequestExpired", "ImplicitlyDenied", "authentication"),
        ("ValidationError", "ImplicitlyDenied", "request"),
        ("MalformedPolicyDocument", "ImplicitlyDenied", "request"),
        ("NoSuchBucket", "Allowed", None),
        ("EntityAlreadyExists", "Allowed", None),
    ],
)
def test_codes_alone(code, outcome, blocked_by):
    got = outcome_of("a", said(code), None)
    assert (got.outcome, got.blocked_by, got.code) == (outcome, blocked_by, code)
