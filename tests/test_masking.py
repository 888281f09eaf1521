"""What is secret is hidden, what is not stays, and the answer itself is left alone."""

import copy
from datetime import UTC, datetime

import botocore.session
import pytest
from scene import issue

from labhelpers.masking import HIDDEN, mask, masked
from labhelpers.sandbox.state.sessions import SessionRegistry

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
WHEN = datetime(2026, 7, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        pytest.param(SECRET, "wJal…EKEY", id="secret access key"),
        pytest.param("FwoG" + "x" * 400 + "zz==", "FwoG…zz==", id="session token"),
        pytest.param("ASIAIOSFODNN7EXAMPLE", "ASIA…MPLE", id="temporary access key ID"),
        pytest.param("AKIAIOSFODNN7EXAMPLE", "AKIA…MPLE", id="long-term access key ID"),
        pytest.param("akiaiosfodnn7example", HIDDEN, id="small letters are no access key ID"),
        pytest.param("AKIA is no key at all", HIDDEN, id="nor is a sentence"),
        pytest.param("ASIAIOSFODNN7EXAMPLE\n", HIDDEN, id="nor one with a line end"),
        pytest.param("a" * 31, HIDDEN, id="31 characters are short"),
        pytest.param("a" * 32, "aaaa…aaaa", id="32 are long"),
        pytest.param("hunter2", HIDDEN, id="password"),
        pytest.param("", HIDDEN, id="nothing"),
    ],
)
def test_mask(secret, shown):
    assert mask(secret) == shown


@pytest.mark.parametrize("length", range(0, 200, 7))
def test_at_most_a_quarter_is_shown_and_the_length_is_not(length):
    secret = "".join(chr(33 + i % 90) for i in range(length))
    shown = mask(secret)
    assert len(shown) in (len(HIDDEN), 9)
    assert sum(c not in "•…" for c in shown) <= length / 4


@pytest.mark.parametrize("value", [None, b"bytes", 42, {}], ids=lambda v: type(v).__name__)
def test_only_text_can_be_masked(value):
    with pytest.raises(TypeError, match=type(value).__name__):
        mask(value)


def test_an_assume_role_answer_can_be_printed():
    """The secrets are the sandbox's own, in AWS's shapes."""
    issued = issue(
        SessionRegistry(),
        "arn:aws:iam::111122223333:role/Reader",
        session_name="reading",
        issued=WHEN,
        expires=WHEN,
        caller_arn="arn:aws:iam::111122223333:user/alice",
        chained=False,
        max_session_duration=3600,
    )
    answer = {
        "Credentials": {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "SessionToken": issued.session_token,
            "Expiration": WHEN,
        },
        "AssumedRoleUser": {"AssumedRoleId": issued.user_id, "Arn": issued.arn},
        "PackedPolicySize": 7,
        "ResponseMetadata": {"RequestId": "x", "HTTPHeaders": {}},
    }
    before = copy.deepcopy(answer)
    shown = masked(answer)
    assert answer == before
    assert issued.secret_access_key not in str(shown) and issued.session_token not in str(shown)
    assert shown["Credentials"]["AccessKeyId"] == issued.access_key_id
    assert shown["Credentials"]["Expiration"] == WHEN
    assert shown["AssumedRoleUser"] == answer["AssumedRoleUser"]
    assert shown["PackedPolicySize"] == 7
    assert "ResponseMetadata" not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("SecretAccessKey", SECRET, id="STS and IAM"),
        pytest.param("Token", SECRET, id="instance metadata"),
        pytest.param("aws_secret_access_key", SECRET, id="credentials file"),
        pytest.param("aws_session_token", SECRET, id="credentials file, token"),
        pytest.param("AWS_SESSION_TOKEN", SECRET, id="environment"),
        pytest.param("secretAccessKey", SECRET, id="JSON spelling"),
        pytest.param("Password", "hunter2-hunter2", id="login profile"),
        pytest.param("NewPassword", "hunter2-hunter2", id="ChangePassword"),
        pytest.param("ServiceCredentialSecret", SECRET, id="service-specific credential"),
        pytest.param("Base32StringSeed", b"JBSWY3DPEHPK3PXP", id="MFA seed in bytes"),
        pytest.param("Password", ["hunter2-hunter2"], id="in a list"),
        pytest.param("Password", ("hunter2-hunter2",), id="in a tuple"),
        pytest.param("Password", 12345678, id="a number"),
    ],
)
def test_secrets_are_hidden_at_any_depth(name, value):
    for answer in ({name: value}, {"Deep": [{"Er": {name: value}}]}):
        shown = str(masked(answer))
        for hidden in (SECRET, "hunter2", "JBSWY3", "12345678"):
            assert hidden not in shown
        assert name in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("AccessKeyId", "AKIAIOSFODNN7EXAMPLE", id="access key ID"),
        pytest.param("PasswordLastUsed", WHEN, id="a date"),
        pytest.param("PasswordResetRequired", True, id="a flag"),
        pytest.param("AllowUsersToChangePassword", False, id="a flag that ends with the word"),
        pytest.param("MinimumPasswordLength", 14, id="password policy"),
        pytest.param("NextToken", "x" * 40, id="pagination"),
        pytest.param("ClientToken", "x" * 40, id="idempotency"),
        pytest.param("SubjectFromWebIdentityToken", "repo:org/app:ref:main", id="a subject"),
        pytest.param("Arn", "arn:aws:iam::111122223333:role/Token", id="an ARN"),
        pytest.param("Password", None, id="no value"),
        pytest.param(7, "a key that is no text", id="number as name"),
    ],
)
def test_what_is_no_secret_stays(name, value):
    assert masked({"Deep": [{name: value}]}) == {"Deep": [{name: value}]}


def test_the_copy_shares_no_container():
    answer = {"Tags": [{"Key": "team"}], "Token": {"Inner": "kept"}}
    shown = masked(answer)
    shown["Tags"][0]["Key"] = shown["Token"]["Inner"] = "changed"
    assert answer == {"Tags": [{"Key": "team"}], "Token": {"Inner": "kept"}}


# Identities in a transaction context: private, but not what opens a door.
_NO_SECRETS = {"IdentityProvider", "Issuer", "Subject", "SubjectType"}


def _sensitive(shape, name=None, seen=()):
    """(member name, type) of what botocore's model of a service marks as sensitive."""
    if shape.name in seen:
        return
    seen = (*seen, shape.name)
    if shape.type_name == "structure":
        for member, inner in shape.members.items():
            yield from _sensitive(inner, member, seen)
    elif shape.type_name == "list":
        yield from _sensitive(shape.member, name, seen)
    elif shape.metadata.get("sensitive"):
        yield name, shape.type_name


def test_everything_that_aws_marks_as_sensitive_is_hidden():
    """The oracle is botocore: its models of STS and IAM say what is sensitive."""
    found = set()
    for service in ("sts", "iam"):
        model = botocore.session.get_session().get_service_model(service)
        for operation in map(model.operation_model, model.operation_names):
            for shape in (operation.input_shape, operation.output_shape):
                found |= set(_sensitive(shape)) if shape else set()
    found = {(name, kind) for name, kind in found if name not in _NO_SECRETS}
    assert {"SecretAccessKey", "Password", "Base32StringSeed"} <= {name for name, _ in found}
    for name, kind in found:
        value = b"the very secret" if kind == "blob" else "the very secret"
        assert masked({name: value}) == {name: HIDDEN}, name


@pytest.mark.parametrize("value", [None, "text", [{}]], ids=lambda v: type(v).__name__)
def test_only_an_answer_can_be_masked(value):
    with pytest.raises(TypeError, match=type(value).__name__):
        masked(value)
