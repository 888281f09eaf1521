"""What the lab does not do on a real account, and what it does only to its own things."""

import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from scene import allow, policy, trusts

from labhelpers import LabError, SandboxOnly, open_lab
from labhelpers.account.creates import Marks, furnish
from labhelpers.account.plan import Plan

ALL = policy(allow("*"))
REGION = {"CreateBucketConfiguration": {"LocationConstraint": "ap-northeast-2"}}
EVERYBODY = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::b/*",
}
GITHUB = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"


def test_only_the_services_of_the_lab(account):
    for service in ("organizations", "secretsmanager", "dynamodb", "cloudtrail"):
        client = account.client(service)
        with pytest.raises(SandboxOnly):
            list_one = {"dynamodb": "list_tables", "cloudtrail": "lookup_events"}
            list_one |= {"organizations": "list_roots", "secretsmanager": "list_secrets"}
            getattr(client, list_one[service])()


def test_only_the_region_of_the_lab(account):
    with pytest.raises(LabError, match="ap-northeast-2 and nowhere else"):
        account.session().client("ec2", region_name="us-east-1").describe_vpcs()
    everywhere = account.session().client("s3", region_name="aws-global")
    with pytest.raises(LabError, match="ap-northeast-2 and nowhere else"):
        everywhere.create_bucket(Bucket="b")
    with pytest.raises(LabError, match="ap-northeast-2 and nowhere else"):
        everywhere.generate_presigned_url("get_object", {"Bucket": "b", "Key": "k"})


@pytest.mark.parametrize(
    "service, method, parameters",
    [
        ("iam", "create_account_alias", {"AccountAlias": "mine"}),
        ("iam", "update_account_password_policy", {"MinimumPasswordLength": 6}),
        ("iam", "delete_account_password_policy", {}),
        ("iam", "create_login_profile", {"UserName": "alice", "Password": "x"}),
        ("iam", "create_saml_provider", {"Name": "corp", "SAMLMetadataDocument": "x" * 1000}),
        ("iam", "create_service_linked_role", {"AWSServiceName": "es.amazonaws.com"}),
        ("s3", "put_bucket_policy", {"Bucket": "b", "Policy": policy(EVERYBODY)}),
        ("s3", "put_bucket_acl", {"Bucket": "b", "ACL": "public-read"}),
        ("ec2", "terminate_instances", {"InstanceIds": ["i-0123456789abcdef0"]}),
        ("ec2", "delete_vpc", {"VpcId": "vpc-0123456789abcdef0"}),
        (
            "ec2",
            "create_tags",
            {"Resources": ["vpc-0123456789abcdef0"], "Tags": [{"Key": "k", "Value": "alice"}]},
        ),
        ("iam", "delete_access_key", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}),
        (
            "iam",
            "delete_open_id_connect_provider",
            {"OpenIDConnectProviderArn": "arn:aws:iam::111122223333:oidc-provider/a.example"},
        ),
        ("ec2", "run_instances", {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1}),
    ],
)
def test_what_is_not_done(account, learner, service, method, parameters):
    """Each is refused before it is sent."""
    before = learner.contents()
    seen = learner.calls()["seen"]
    with pytest.raises(SandboxOnly):
        getattr(account.client(service), method)(**parameters)
    assert learner.calls()["seen"] == seen and learner.contents() == before


def test_no_port_is_opened_to_the_world(account):
    ec2 = account.client("ec2")
    group = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    with pytest.raises(SandboxOnly, match="no port to the world"):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[{**rule, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        )
    ours = [{**rule, "IpRanges": [{"CidrIp": "203.0.113.7/32"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ours)


def test_things_that_the_lab_did_not_make_cannot_even_be_named(account, learner):
    """Every name of a request gets the prefix of the run: alice of the account is out of reach."""
    theirs = learner.session().client("iam")
    theirs.create_user(UserName="alice")
    iam = account.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_user(UserName="alice")
    iam.create_user(UserName="alice")
    iam.delete_user(UserName="alice")
    assert theirs.get_user(UserName="alice")["User"]["Path"] == "/"
    theirs.delete_user(UserName="alice")


def test_everybody_means_the_accounts_of_the_lab(account, learner):
    iam = account.client("iam")
    for star in ({"AWS": "*"}, {"AWS": ["*"]}):
        iam.create_role(RoleName="door", AssumeRolePolicyDocument=policy(trusts(star)))
        raw = learner.session().client("iam")
        stored = raw.get_role(RoleName=account.real("door"))["Role"]["AssumeRolePolicyDocument"]
        (statement,) = stored["Statement"]
        accounts = statement["Condition"]["StringLike"]["aws:PrincipalAccount"]
        assert set(accounts) <= {"123456789012", "210987654321"}
        iam.delete_role(RoleName="door")


@pytest.mark.parametrize("subject", [None, "repo:*", "repo:our-org/*", "repo:our-org/shop:*"])
def test_no_role_for_the_tokens_of_strangers(account, subject):
    """Outside of a GitHub job no repository is ours."""
    condition = {"StringLike": {"token.actions.githubusercontent.com:sub": subject}}
    trust = {"Effect": "Allow", "Principal": {"Federated": GITHUB}}
    trust |= {"Action": "sts:AssumeRoleWithWebIdentity"}
    trust |= {"Condition": condition} if subject else {}
    with pytest.raises(SandboxOnly, match="strangers"):
        account.client("iam").create_role(RoleName="deploy", AssumeRolePolicyDocument=policy(trust))


def test_a_mighty_role_stays_inside_the_labs_fence(account, learner):
    """AdministratorAccess, and a boundary of the lesson's own that allows everything."""
    iam = account.client("iam")
    me = account.client("sts").get_caller_identity()["Arn"]
    everything = policy(allow("*"))
    own = iam.create_policy(PolicyName="everything", PolicyDocument=everything)["Policy"]["Arn"]
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    strangers = learner.session()
    strangers.client("s3").create_bucket(Bucket="theirs-7", **REGION)
    strangers.client("iam").create_user(UserName="theirs")
    account.client("s3").create_bucket(Bucket="ours", **REGION)
    for number, limit in enumerate((None, own, admin)):
        name = {"RoleName": f"mighty-{number}"}
        bounded = {"PermissionsBoundary": limit} if limit else {}
        trust = policy(trusts(me))
        role = iam.create_role(**name, AssumeRolePolicyDocument=trust, **bounded)["Role"]["Arn"]
        iam.put_role_policy(**name, PolicyName="all", PolicyDocument=everything)
        got = account.client("sts").assume_role(RoleArn=role, RoleSessionName="mighty")
        keys = got["Credentials"]
        from labhelpers.boto_session import isolated_session

        raw = isolated_session(
            learner.endpoint_url,
            account.region,
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys["SessionToken"],
        )
        raw.client("s3").put_object(Bucket=account.real("ours"), Key="k", Body=b"x")
        tries = {
            "list a bucket": lambda r: r.client("s3").list_objects_v2(Bucket="theirs-7"),
            "delete a user": lambda r: r.client("iam").delete_user(UserName="theirs"),
            "make a user": lambda r: r.client("iam").create_user(UserName="backdoor"),
            "make a VPC": lambda r: r.client("ec2").create_vpc(CidrBlock="10.0.0.0/16"),
            "shed the boundary": lambda r, n=number: r.client(
                "iam"
            ).delete_role_permissions_boundary(RoleName=account.real(f"mighty-{n}")),
        }
        for what, call in tries.items():
            with pytest.raises(Exception, match="AccessDenied|UnauthorizedOperation"):
                call(raw)
                pytest.fail(f"{what} with boundary {limit}")
    strangers.client("s3").delete_bucket(Bucket="theirs-7")
    strangers.client("iam").delete_user(UserName="theirs")


def test_taking_a_boundary_off_puts_the_labs_back(account, learner):
    iam = account.client("iam")
    me = account.client("sts").get_caller_identity()["Arn"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=policy(trusts(me)))
    iam.delete_role_permissions_boundary(RoleName="r")
    raw = learner.session().client("iam").get_role(RoleName=account.real("r"))["Role"]
    assert raw["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith("-boundary")


def test_everything_carries_path_prefix_and_tags(account, learner):
    iam, s3, ec2 = (account.client(name) for name in ("iam", "s3", "ec2"))
    iam.create_user(UserName="anna")
    s3.create_bucket(Bucket="papers", **REGION)
    group = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
    raw = learner.session()
    user = raw.client("iam").get_user(UserName=account.real("anna"))["User"]
    assert user["Path"] == "/sts-lab/" and user["UserName"].startswith("sts-lab-")
    found = {
        "user": raw.client("iam").list_user_tags(UserName=account.real("anna"))["Tags"],
        "bucket": raw.client("s3").get_bucket_tagging(Bucket=account.real("papers"))["TagSet"],
        "group": raw.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0][
            "Tags"
        ],
    }
    for what, tags in found.items():
        kept = {tag["Key"]: tag["Value"] for tag in tags}
        assert kept["project"] == "sts-lab", what
        assert {"sts-lab:run", "sts-lab:owner", "sts-lab:expires"} <= kept.keys(), what


class TestThePlan:
    def plan(self, said, lesson="00", yes=False):
        return Plan(lesson, {"111122223333": "123456789012"}, "sts-lab-x-", yes, lambda _: said)

    def test_it_names_account_numbers_and_costs(self):
        text = str(self.plan("no"))
        assert "123456789012" in text and "3 × IAM user" in text and "costs nothing" in text
        assert "3</td><td>IAM user" in self.plan("no")._repr_html_()

    @pytest.mark.parametrize("said", ["no", "", "nope", "Y E S"])
    def test_anything_but_yes_creates_nothing(self, said, capsys):
        with pytest.raises(LabError, match="Nothing was created"):
            self.plan(said).confirm()
        assert "IAM user" in capsys.readouterr().out

    def test_yes_is_asked_for_once(self, capsys):
        plan = self.plan("yes ")
        plan.confirm()
        plan.confirm()
        assert capsys.readouterr().out.count("IAM user") == 1

    def test_nobody_there_to_answer(self):
        def nobody(_):
            raise EOFError

        plan = Plan("00", {"1": "123456789012"}, "p-", False, nobody)
        with pytest.raises(LabError, match="LAB_AWS_YES=1"):
            plan.confirm()


def test_without_consent_nothing_is_created(learner, monkeypatch):
    monkeypatch.delenv("LAB_AWS_YES")
    before = learner.contents()
    with open_lab(lesson="00") as lab, pytest.raises(LabError, match="Nothing was created"):
        lab.client("iam").create_user(UserName="alice")
    assert learner.contents() == before


def test_no_secret_in_repr_journal_or_messages(account, learner, capsys):
    iam = account.client("iam")
    iam.create_user(UserName="anna")
    key = iam.create_access_key(UserName="anna")["AccessKey"]
    anna = account.session_from(key)
    token = anna.client("sts").get_session_token()["Credentials"]
    refused = account.attempt(anna.client("iam").list_users)
    written = account._journal.path.read_text()
    said = "".join((repr(account), repr(anna), str(refused), written, capsys.readouterr().out))
    for secret in (key["SecretAccessKey"], token["SecretAccessKey"], token["SessionToken"]):
        assert secret not in said
    assert json.loads(written.splitlines()[0])["account"] == "123456789012"


@pytest.mark.parametrize(("kind", "more"), [("user", {}), ("policy", {"PolicyDocument": ALL})])
def test_a_path_that_aws_refuses_stays_refused(account, learner, kind, more):
    iam = account.client("iam")
    iam.create_user(UserName="otto")  # the run's boundary is there, too
    before = learner.contents()
    with pytest.raises(ClientError):
        name = {f"{kind.title()}Name": "anna"}
        getattr(iam, f"create_{kind}")(Path="team/", **name, **more)
    assert learner.contents() == before


def test_what_a_lesson_says_of_tags_is_awss_to_judge():
    """Beside the run's own marks, and each key once."""
    marks = Marks("0a1b2c", "arn:aws:iam::123456789012:user/lea", datetime.now(UTC))
    odd = [{}, {"ResourceType": "vpc", "Tags": []}, {"Tags": [{"Key": "a", "Value": "b"}]}]
    mine = {"ResourceType": "security-group", "Tags": [{"Value": "b"}, {"Key": "project"}]}
    given = {"TagSpecifications": [*odd, mine]}
    found = furnish("ec2", "CreateSecurityGroup", given, marks, "", tagging=True)
    ours, *others = found["TagSpecifications"]
    assert others == odd
    assert ours == {"ResourceType": "security-group", "Tags": [{"Value": "b"}, *marks.listed()]}
