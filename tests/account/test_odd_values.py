"""Parameters of odd types and shapes: taken as what they are, once, or refused in a sentence."""

import json
import re

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from leaving import HERE
from scene import allow, policy, trusts

from labhelpers import LabError, open_lab
from labhelpers.account.fence.trust import without_strangers

ALL = policy(allow("*"))


@pytest.fixture(scope="module")
def lab(aws):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**aws.environ, "LAB_AWS_PATIENCE": "0"}.items():
            patch.setenv(name, value)
        with open_lab("aws", mirrored=False) as opened:
            opened.client("iam").create_user(UserName="anna")
            yield opened


class Sly(str):
    """Begins with everything and is like everything."""

    def startswith(self, *_):
        return True

    def partition(self, _):
        return "", "", ""

    __eq__ = __contains__ = startswith
    __hash__ = str.__hash__


class Changing(dict):
    """Another thing each time that it is looked at."""

    def __init__(self, *values):
        super().__init__({"UserName": values[0]})
        self._values = list(values)

    def items(self):
        value = self._values.pop(0) if len(self._values) > 1 else self._values[0]
        return {"UserName": value}.items()

    def __getitem__(self, key):
        return dict(self.items())[key]


def test_a_text_is_its_letters(aws, lab):
    people = aws.session().client("iam")
    people.create_user(UserName="victim")
    iam = lab.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_user(UserName=Sly("victim"))
    for given in (Changing("anna", "anna", "victim"), Changing("anna", "victim")):
        with pytest.raises((ClientError, ParamValidationError)):
            iam._make_api_call("DeleteUserPolicy", given)
    assert people.get_user(UserName="victim")
    people.delete_user(UserName="victim")
    document = type("Sly", (str,), {"__str__": lambda _: ALL})
    iam.create_policy(PolicyName="p", PolicyDocument=document(policy(allow("s3:GetObject"))))
    stored = people.get_policy_version(
        PolicyArn=lab.real("arn:aws:iam::111122223333:policy/p"), VersionId="v1"
    )
    assert "StsLabBounded" in json.dumps(stored["PolicyVersion"]["Document"])


def test_types_are_looked_at_where_boto3_is_told_not_to(aws, lab):
    iam = lab.session().client("iam", config=Config(parameter_validation=False))
    iam.meta.config.parameter_validation = False
    before = aws.contents()
    with pytest.raises(ParamValidationError):
        iam.create_policy(PolicyName="wide", PolicyDocument=ALL.encode())
    with pytest.raises(ParamValidationError):
        iam.create_role(RoleName="door", AssumeRolePolicyDocument=ALL.encode())
    assert aws.contents() == before


@pytest.mark.parametrize("key", ["aws:PrincipalAccount", "aws:principalaccount"])
def test_everybody_is_narrowed_whatever_a_lesson_compares(key):
    """Condition keys are the same in any letters: none takes the place of the lab's, or loses its
    own."""
    condition = {"StringLike": {key: "*"}, "StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    text = policy(trusts({"AWS": "*"}) | {"Condition": condition})
    (statement,) = json.loads(without_strangers(text, ["123456789012"]))["Statement"]
    found = statement["Condition"]
    assert found["StringLike"] == {key: "*"}
    assert found["StringEquals"] == {
        "aws:PrincipalOrgID": "o-1",
        "aws:PrincipalAccount": ["123456789012"],
    }


def test_what_is_narrowed_holds_no_key_twice():
    """A lesson that compares it in all three ways has its last one replaced."""
    ways = ("StringLike", "StringEquals", "StringEqualsIgnoreCase")
    condition = {way: {"aws:principalaccount": "999999999999"} for way in ways}
    text = policy(trusts({"AWS": "*"}) | {"Condition": condition})
    (statement,) = json.loads(without_strangers(text, ["123456789012"]))["Statement"]
    assert statement["Condition"][ways[2]] == {"aws:PrincipalAccount": ["123456789012"]}


def test_the_runs_boundary_is_nobodys_in_any_letters(aws, lab):
    """IAM takes names that differ in their letters' case only for the same."""
    iam = lab.client("iam")
    for name in ("boundary", "Boundary", "BOUNDARY"):
        with pytest.raises(LabError):
            iam.create_policy(PolicyName=name, PolicyDocument=ALL)
        with pytest.raises(LabError):
            iam.create_policy_version(
                PolicyArn=f"arn:aws:iam::111122223333:policy/{name}", PolicyDocument=ALL
            )


def test_a_file_that_boto3_sends_in_parts_is_called_that(lab, tmp_path):
    """Nobody has typed CreateMultipartUpload."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(9 * 2**20)
    lab.client("s3").create_bucket(Bucket="bucket", **HERE)
    with pytest.raises(LabError, match=r"upload_file\(\) sends a file this large in parts.*8 MB"):
        lab.client("s3").upload_file(str(large), "bucket", "k")


class Same(str):
    """Is like everything."""

    def __eq__(self, _):
        return True

    def __ne__(self, _):
        return False

    __hash__ = str.__hash__


def in_parameters(params, **_):
    params["UserName"] = Same("victim")


def in_the_request(request, **_):
    request.body = Same(re.sub("UserName=[^&]*", "UserName=victim", request.body))


@pytest.mark.parametrize(
    "event, hook", [("before-parameter-build", in_parameters), ("before-send", in_the_request)]
)
def test_nor_is_a_hooks_text_like_another(aws, lab, event, hook):
    people, iam = aws.session().client("iam"), lab.client("iam")
    people.create_user(UserName="victim")
    iam.meta.events.register(f"{event}.iam.DeleteUser", hook)
    with pytest.raises(LabError, match="DeleteUser: an event hook"):
        iam.delete_user(UserName="anna")
    assert people.get_user(UserName="victim") and people.get_user(UserName=lab.real("anna"))
    people.delete_user(UserName="victim")


def nested(levels):
    value = "sts-lab"
    for _ in range(levels):
        value = {"a": value}
    return value


DEEP = '{"Statement": {"Condition": {"StringEquals": {"aws:username": ' + "[" * 5000 + "]" * 5000
WITH_POLICIES = {
    "CreatePolicy": {"PolicyName": "deep"},
    "PutUserPolicy": {"UserName": "anna", "PolicyName": "deep"},
    "CreateRole": {"RoleName": "deep"},
}


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, DEEP + "}}}}"])
@pytest.mark.parametrize("operation", WITH_POLICIES)
def test_what_is_nested_too_deep_to_be_looked_at_is_not_sent(aws, lab, operation, text):
    """Or IAM refuses it, where nothing has to be read here."""
    name = "AssumeRolePolicyDocument" if operation == "CreateRole" else "PolicyDocument"
    before = aws.contents()
    with pytest.raises((LabError, ClientError)):
        lab.client("iam")._make_api_call(operation, {**WITH_POLICIES[operation], name: text})
    assert aws.contents() == before


def test_nor_any_other_parameter(aws, lab):
    with pytest.raises(LabError, match="GetUser: .* nested too deep"):
        lab.client("iam").get_user(UserName=nested(5000))
    with pytest.raises(LabError, match="GetObject: .* nested too deep"):
        lab.client("s3").generate_presigned_url("get_object", {"Bucket": nested(5000), "Key": "k"})


def test_the_token_of_a_launch_is_the_labs(aws, lab, monkeypatch):
    """The one in the journal, by which the instance is found; another's names another's."""
    monkeypatch.setenv("LAB_AWS_AMI", "ami-0fedcba9876543210")
    with open_lab("aws", mirrored=False) as other:
        ec2 = other.client("ec2")
        ec2.meta.events.register(
            "provide-client-params.ec2.RunInstances",
            lambda params, **_: params.update(ClientToken="somebody-elses"),
        )
        with pytest.raises(LabError, match=r"an event hook .* \(ClientToken\)"):
            ec2.run_instances(MinCount=1, MaxCount=1)
