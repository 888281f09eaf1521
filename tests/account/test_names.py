"""The lesson's names in, the account's names out, and back."""

import json
from fnmatch import fnmatchcase

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labhelpers import SandboxOnly
from labhelpers.account.long_names import LIMITS
from labhelpers.account.names import Names

REAL, SECOND = "123456789012", "210987654321"


def names(second=SECOND, **more):
    return Names("ab12cd", REAL, second, **more)


@pytest.mark.parametrize(
    "lesson, real",
    [
        ("arn:aws:iam::111122223333:user/alice", "user/sts-lab/sts-lab-ab12cd-alice"),
        ("arn:aws:iam::111122223333:user/*", "user/sts-lab/sts-lab-ab12cd-*"),
        ("arn:aws:iam::111122223333:role/ci-*", "role/sts-lab/sts-lab-ab12cd-ci-*"),
        ("arn:aws:iam::111122223333:role/team/*", "role/sts-lab/team/sts-lab-ab12cd-*"),
        ("arn:aws:iam::111122223333:mfa/alice", "mfa/sts-lab/sts-lab-ab12cd-alice"),
        ("arn:aws:iam::111122223333:root", "root"),
        ("arn:aws:iam::111122223333:oidc-provider/a.b.c", "oidc-provider/a.b.c"),
    ],
)
def test_arns_of_iam(lesson, real):
    assert names().text(lesson) == f"arn:aws:iam::{REAL}:{real}"
    assert names().text(names().text(lesson)) == names().text(lesson)


@pytest.mark.parametrize(
    "lesson, real",
    [
        ("arn:aws:s3:::reports/*", "arn:aws:s3:::sts-lab-ab12cd-reports/*"),
        ("arn:aws:s3:::reports", "arn:aws:s3:::sts-lab-ab12cd-reports"),
        ("arn:aws:s3:::*", "arn:aws:s3:::*"),
        ("arn:*:s3:::reports/*", "arn:*:s3:::sts-lab-ab12cd-reports/*"),
        ("arn:aws*:s3:*:*:reports", "arn:aws*:s3:*:*:sts-lab-ab12cd-reports"),
        ("arn:*:iam::*:user/bob", "arn:*:iam::*:user/sts-lab/sts-lab-ab12cd-bob"),
        (
            "arn:*:sts::*:assumed-role/ci/*",
            "arn:*:sts::*:assumed-role/sts-lab-ab12cd-ci/sts-lab-ab12cd-*",
        ),
        ("arn:aws:sqs:*:*:orders", "arn:aws:sqs:*:*:orders"),
        ("arn:aws:iam::*:role/Audit", "arn:aws:iam::*:role/sts-lab/sts-lab-ab12cd-Audit"),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        (
            "arn:aws:sts::111122223333:assumed-role/ci/build-7",
            f"arn:aws:sts::{REAL}:assumed-role/sts-lab-ab12cd-ci/sts-lab-ab12cd-build-7",
        ),
        ("AROAABCDEFGHIJKLMNOPQ:laptop", "AROAABCDEFGHIJKLMNOPQ:sts-lab-ab12cd-laptop"),
        ("111122223333", REAL),
        ("a 13-digit 1111222233334 stays", "a 13-digit 1111222233334 stays"),
    ],
)
def test_other_texts(lesson, real):
    assert names().text(lesson) == real
    if "*" not in lesson and "iam" not in lesson:
        assert names().lesson(real) == lesson


def test_every_name_of_a_request():
    given = {
        "RoleName": "reader",
        "Path": "/team/",
        "AssumeRolePolicyDocument": json.dumps(
            {
                "Statement": {
                    "Principal": {"AWS": ["arn:aws:iam::111122223333:user/alice", "444455556666"]},
                    "Condition": {
                        "StringLike": {"sts:RoleSessionName": ["bob-*", "${aws:username}"]},
                        "StringEquals": {"sts:ExternalId": "bob", "aws:username": "bob"},
                    },
                }
            }
        ),
    }
    found = names().request("iam", "CreateRole", given)
    statement = json.loads(found["AssumeRolePolicyDocument"])["Statement"]
    assert found["RoleName"] == "sts-lab-ab12cd-reader"
    assert statement["Principal"]["AWS"][1] == SECOND
    condition = statement["Condition"]
    assert condition["StringLike"]["sts:RoleSessionName"] == [
        "sts-lab-ab12cd-bob-*",
        "${aws:username}",
    ]
    assert condition["StringEquals"] == {
        "sts:ExternalId": "bob",
        "aws:username": "sts-lab-ab12cd-bob",
    }


def test_tags_that_name_a_user_follow_the_user():
    known = names()
    known.request("iam", "CreateUser", {"UserName": "alice"})
    tags = [{"Key": "approved", "Value": "alice"}, {"Key": "team", "Value": "web"}]
    found = known.request("iam", "TagRole", {"RoleName": "r", "Tags": tags})
    assert [tag["Value"] for tag in found["Tags"]] == ["sts-lab-ab12cd-alice", "web"]


NAMED = (  # where a name stands, and the longest that AWS takes there
    ("sts", "AssumeRole", "RoleSessionName", 64),
    ("sts", "AssumeRole", "SourceIdentity", 256),
    ("sts", "GetFederationToken", "Name", 32),
    ("iam", "CreateUser", "UserName", 64),
    ("iam", "CreateRole", "RoleName", 64),
    ("iam", "CreateGroup", "GroupName", 128),
    ("iam", "CreatePolicy", "PolicyName", 128),
    ("iam", "CreateInstanceProfile", "InstanceProfileName", 128),
    ("s3", "DeleteBucket", "Bucket", 63),
)
each_name = pytest.mark.parametrize("service, operation, name, most", NAMED)


@each_name
def test_a_prefix_makes_no_allowed_name_a_forbidden_one(service, operation, name, most):
    """And no forbidden one an allowed one: what is too long stays too long."""
    for length in (most - 40, most - 20, most - 5, most - 1, most, most + 1, most + 30):
        if length > 2:
            found = names().request(service, operation, {name: "x" * length})[name]
            assert found.startswith("sts-lab-ab12cd-")
            assert (len(found) <= most) == (length <= most)


@each_name
def test_the_limits_are_awss_own(service, operation, name, most):
    if service != "s3":  # whose model tells none
        model = botocore.session.get_session().get_service_model(service)
        members = model.operation_model(operation).input_shape.members
        assert LIMITS.get(name, 128) == most == members[name].metadata["max"]


def test_a_long_name_is_the_same_in_a_condition():
    known = names()
    for key, name in (("sts:SourceIdentity", "SourceIdentity"), ("aws:username", "UserName")):
        long = "n" * (LIMITS[name] - 1)
        real = known.request("sts", "AssumeRole", {name: long})[name]
        text = json.dumps({"Statement": [{"Condition": {"StringEquals": {key: long}}}]})
        given = {"PolicyDocument": text}
        assert real in known.request("iam", "PutRolePolicy", given)["PolicyDocument"]


@each_name
def test_long_names_stay_apart_and_are_shown_as_the_lesson_has_them(service, operation, name, most):
    """Names that differ in one letter, wherever it is."""
    known = names()
    base = "abcdefghij" * 20
    given = [base[:most]]
    given += [base[:at] + "x" + base[at + 1 : most] for at in range(0, most, 3)]
    real = [known.request(service, operation, {name: one})[name] for one in given]
    assert len(set(real)) == len(set(given)) > 10
    assert [known.answer("Get", {name: one})[name] for one in real] == given
    again = [known.request(service, operation, {name: one})[name] for one in real]
    assert again == real


@pytest.mark.parametrize(
    "kind, parameter, most",
    [
        ("user", "UserName", 64),
        ("role", "RoleName", 64),
        ("group", "GroupName", 128),
        ("policy", "PolicyName", 128),
        ("instance-profile", "InstanceProfileName", 128),
        ("mfa", "VirtualMFADeviceName", 226),
    ],
)
def test_a_long_name_is_the_same_in_an_arn(kind, parameter, most):
    known = names()
    operation = {"PolicyName": "CreatePolicy"}.get(parameter, "CreateAnything")
    for length in (10, 48, 49, 50, 64, 100, most):
        name = ("n" * length)[:most]
        real = known.request("iam", operation, {parameter: name})[parameter]
        arn = f"arn:aws:iam::111122223333:{kind}/team/{name}"
        assert known.text(arn) == f"arn:aws:iam::{REAL}:{kind}/sts-lab/team/{real}"
        assert known.lesson(known.text(arn)) == arn
    federated = "f" * 30
    real = known.request("sts", "GetFederationToken", {"Name": federated})["Name"]
    arn = f"arn:aws:sts::111122223333:federated-user/{federated}"
    assert known.text(arn) == f"arn:aws:sts::{REAL}:federated-user/{real}"


def test_patterns_over_the_ends_of_a_long_name_meet_it():
    known = names()
    name = "team-payments-" + "x" * 40 + "-prod"
    real = known.text(f"arn:aws:iam::111122223333:role/{name}")
    for pattern in ("team-payments-*", "*-prod", "team-*-prod", "*"):
        meant = known.text(f"arn:aws:iam::111122223333:role/{pattern}")
        assert fnmatchcase(real, meant)


@pytest.mark.parametrize(
    "name", ["ab", "-reports", "reports-", "a..b", "10.0.0.1", "xn--abc", "Reports", "a_b", "é" * 9]
    + ["x-s3alias", "x" * 60 + "Y", "y--x-s3", "z" * 64, "." * 62]
)  # fmt: skip
def test_a_bucket_that_aws_refuses_stays_refused(name):
    known = names()
    real = known.request("s3", "CreateBucket", {"Bucket": name})["Bucket"]
    assert len(real) > 63 and real.startswith("sts-lab-ab12cd-")
    assert known.lesson(f"The bucket {real} is not valid.") == f"The bucket {name} is not valid."


@pytest.mark.parametrize("name", ["alice!" * 10, "ali ce" * 10, "é" * 60])
def test_a_long_name_keeps_the_letters_for_which_aws_refuses_it(name):
    assert names().request("iam", "CreateUser", {"UserName": name})["UserName"].endswith(name)


def test_the_same_bucket_in_a_copy_source():
    bucket = "a" + "b" * 60
    known = names()
    real = known.request("s3", "CreateBucket", {"Bucket": bucket})["Bucket"]
    for source in (f"{bucket}/111122223333/k", f"/{bucket}/111122223333/k"):
        found = known.request("s3", "CopyObject", {"Bucket": bucket, "CopySource": source})
        assert found["CopySource"] == f"{real}/111122223333/k"
    assert known.text(f"arn:aws:s3:::{bucket}/*") == f"arn:aws:s3:::{real}/*"


def test_the_path_alone_makes_nothing_the_runs_own():
    """A policy of a human under /sts-lab/ is called otherwise than any of the run's."""
    known = names()
    for theirs in ("sts-lab/team", "sts-lab/sts-lab-ffffff-team", "sts-lab/x/team"):
        found = known.text(f"arn:aws:iam::111122223333:policy/{theirs}")
        assert found.rpartition("/")[2].startswith("sts-lab-ab12cd-")
    own = f"arn:aws:iam::{REAL}:policy/sts-lab/team/sts-lab-ab12cd-p"
    assert known.text(own) == own


@pytest.mark.parametrize("variable", ["${aws:username}", "${aws:UserName}"])
def test_a_users_own_name_has_the_prefix_already(variable):
    text = f"arn:aws:iam::*:mfa/{variable}"
    assert names().text(text) == f"arn:aws:iam::*:mfa/sts-lab/{variable}"
    assert names().text(f"arn:aws:s3:::{variable}-x/*") == f"arn:aws:s3:::{variable}-x/*"


SAYS = "see arn:aws:iam::111122223333:user/alice, AROAABCDEFGHIJKLMNOPQ:x and 444455556666"


@pytest.mark.parametrize(
    "service, operation, parameters",
    [
        ("s3", "PutObject", {"Body": SAYS, "Metadata": {"note": SAYS}, "ContentType": SAYS}),
        ("s3", "PutObject", {"SSECustomerKey": "111122223333" * 2 + "x" * 8}),
        ("iam", "CreateRole", {"Description": SAYS}),
        ("ec2", "RunInstances", {"UserData": SAYS}),
        ("ec2", "AuthorizeSecurityGroupIngress", {"IpPermissions": [{"Description": SAYS}]}),
    ],
)
def test_texts_that_name_nothing_are_left_as_they_are(service, operation, parameters):
    known = names(second=None)
    assert known.request(service, operation, parameters) == parameters
    said = {"Description": "of sts-lab-ab12cd-x", "Metadata": {"n": "/sts-lab/ 123456789012"}}
    assert known.answer("Get", said) == said


def test_only_a_path_loses_the_labs_path():
    known = names()
    answer = {"Key": "docs/sts-lab/read.me", "Path": "/sts-lab/team/"}
    assert known.answer("Get", answer) == {"Key": "docs/sts-lab/read.me", "Path": "/team/"}


def test_not_even_a_long_name_is_somebody_elses():
    """The prefix goes on whatever its length, so nothing outside of the run can be named."""
    bucket = "a-bucket-of-the-company-with-a-name-as-long-as-it-can-be-123456"
    assert len(bucket) == 63
    for operation, name in (("CopyObject", "Bucket"), ("DeleteBucket", "Bucket")):
        found = names().request("s3", operation, {name: bucket, "CopySource": f"{bucket}/k"})
        assert found[name] != bucket and not found["CopySource"].startswith(bucket)
    arn = "arn:aws:s3:ap-northeast-2:111122223333:accesspoint/theirs"
    assert names().request("s3", "PutObject", {"Bucket": arn})["Bucket"] != arn


def test_broken_json_is_sent_as_it_is():
    text = '{"Statement": "sts:RoleSessionName"'
    given = {"RoleName": "r", "PolicyName": "p", "PolicyDocument": text}
    assert names().request("iam", "PutRolePolicy", given)["PolicyDocument"] == text


def test_the_second_account_plays_the_first_other_one_that_a_lesson_needs():
    known = names()
    assert known.account("777788889999") == SECOND
    assert known.lesson(f"arn:aws:iam::{SECOND}:root") == "arn:aws:iam::777788889999:root"
    with pytest.raises(SandboxOnly, match="one more account"):
        known.account("444455556666")


def test_without_a_second_account_the_sentence_says_what_to_set():
    with pytest.raises(SandboxOnly, match="LAB_AWS_SECOND_PROFILE"):
        names(second=None).text("arn:aws:iam::444455556666:role/x")


def test_the_learner_keeps_the_own_name():
    me = f"arn:aws:sts::{REAL}:assumed-role/AWSReservedSSO_Admin_0123/me@example.com"
    user = f"arn:aws:iam::{REAL}:user/people/me"
    known = names(learners=(me, user))
    for arn in (me, user):
        shown = known.lesson(arn)
        assert REAL not in shown and known.text(shown) == arn


def test_lists_show_what_the_run_has_made():
    users = [{"UserName": "sts-lab-ab12cd-alice"}, {"UserName": "admin"}]
    found = names().answer("ListUsers", {"Users": users})
    assert found == {"Users": [{"UserName": "alice"}]}
    assert names().request("iam", "ListUsers", {}) == {"PathPrefix": "/sts-lab/"}
    assert names().request("s3", "ListBuckets", {}) == {"Prefix": "sts-lab-ab12cd-"}


@given(st.from_regex(r"[A-Za-z0-9+=,.@_-]{1,40}", fullmatch=True))
def test_there_and_back(name):
    known = names()
    for arn in (
        f"arn:aws:iam::111122223333:user/{name}",
        f"arn:aws:iam::111122223333:role/team/{name}",
    ):
        assert known.lesson(known.text(arn)) == arn


@pytest.mark.parametrize(
    "service, operation, name",
    [
        ("iam", "CreatePolicy", "PolicyName"),
        ("iam", "CreateUser", "UserName"),
        ("iam", "CreateRole", "RoleName"),
        ("iam", "CreateGroup", "GroupName"),
        ("iam", "CreateInstanceProfile", "InstanceProfileName"),
        ("iam", "CreateVirtualMFADevice", "VirtualMFADeviceName"),
        ("s3", "CreateBucket", "Bucket"),
        ("ec2", "CreateSecurityGroup", "GroupName"),
    ],
)
def test_whatever_is_created_can_be_found_again(service, operation, name):
    for length in (1, 2, 40, 64, 128):
        found = names().request(service, operation, {name: "x" * length})
        assert found[name].startswith("sts-lab-ab12cd-"), length


class TestKeysOfObjects:
    """They are the lesson's own, and what policies say of them goes on meeting them."""

    KEYS = ("n-111122223333", "n-123456789012", "arn:aws:iam::111122223333:user/x", "a b")

    @pytest.fixture
    def names(self):
        return Names("0a1b2c", "123456789012")

    @pytest.mark.parametrize("key", KEYS)
    def test_go_out_and_come_back_as_they_are(self, names, key):
        for operation, asked in {
            "GetObject": {"Bucket": "b12", "Key": key},
            "ListObjectsV2": {"Bucket": "b12", "Prefix": key, "Delimiter": key},
            "DeleteObjects": {"Bucket": "b12", "Delete": {"Objects": [{"Key": key}]}},
        }.items():
            sent = names.request("s3", operation, asked)
            assert sent == {**asked, "Bucket": "sts-lab-0a1b2c-b12"}
        copied = names.request("s3", "CopyObject", {"CopySource": f"b12/{key}"})
        assert copied == {"CopySource": f"sts-lab-0a1b2c-b12/{key}"}
        said = {"Contents": [{"Key": key}], "CommonPrefixes": [{"Prefix": key}], "Prefix": key}
        assert names.answer("ListObjectsV2", said) == said
        assert (
            names.answer("DeleteObjects", {"Deleted": [{"Key": key}]})["Deleted"][0]["Key"] == key
        )

    @pytest.mark.parametrize("key", (*KEYS, "111122223333/*", "*", "é 123456789012, 'x'/*"))
    @pytest.mark.parametrize("ascii", [True, False])
    def test_in_policies(self, names, key, ascii):
        arns = [f"arn:aws:s3:::b12/{key}", "arn:aws:iam::111122223333:user/u"]
        condition = {"StringLike": {"s3:prefix": [key], "aws:SourceAccount": "111122223333"}}
        statement = {"Resource": arns, "Condition": condition}
        text = json.dumps({"Statement": [statement]}, ensure_ascii=ascii)
        sent = names.request("iam", "PutUserPolicy", {"PolicyDocument": text})
        found = json.loads(sent["PolicyDocument"])["Statement"][0]
        assert found["Resource"] == [
            f"arn:aws:s3:::sts-lab-0a1b2c-b12/{key}",
            "arn:aws:iam::123456789012:user/sts-lab/sts-lab-0a1b2c-u",
        ]
        assert found["Condition"]["StringLike"] == {
            "s3:prefix": [key],
            "aws:SourceAccount": "123456789012",
        }

    def test_in_messages(self, names):
        said = (
            'User: arn:aws:iam::123456789012:user/sts-lab/sts-lab-0a1b2c-u on "arn:aws:s3:::'
            'sts-lab-0a1b2c-b12/123456789012/x" of 123456789012'
        )
        assert names.lesson(said) == (
            'User: arn:aws:iam::111122223333:user/u on "arn:aws:s3:::b12/123456789012/x" of '
            "111122223333"
        )
