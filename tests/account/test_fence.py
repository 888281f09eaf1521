"""What an attacker tried (and an accident may do): each is refused, and AWS holds what it held."""

import re
from types import SimpleNamespace

import pytest
from attacks import ALL, ATTACKS, WHERE
from botocore.config import Config
from botocore.exceptions import ClientError
from scene import policy, trusts

from labhelpers import SandboxOnly, open_lab

ME = "arn:aws:iam::123456789012:user/lab-admin"


@pytest.fixture(scope="module")
def lab(aws):
    """A lab in which a little was made already, and what people have in the same account."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**aws.environ, "LAB_AWS_AMI": "ami-0fedcba9876543210"}.items():
            patch.setenv(name, value)
        patch.setenv("LAB_AWS_PATIENCE", "2")
        with open_lab() as opened:
            yield opened


@pytest.fixture(scope="module")
def raw(aws):
    """The learner without the lab."""
    return aws.session()


@pytest.fixture(scope="module")
def foreign(raw):
    """What others have: names and ids."""
    iam, s3, ec2 = (raw.client(service) for service in ("iam", "s3", "ec2"))
    iam.create_user(UserName="victim")
    key = iam.create_access_key(UserName="victim")["AccessKey"]["AccessKeyId"]
    team = iam.create_policy(PolicyName="team", Path="/sts-lab/", PolicyDocument=ALL)["Policy"]
    iam.create_role(RoleName="boss", AssumeRolePolicyDocument=policy(trusts(ME)))
    s3.create_bucket(Bucket="company-data", **WHERE)
    s3.put_object(Bucket="company-data", Key="k", Body=b"secret")
    provider = iam.create_open_id_connect_provider(Url="https://sso.example.com")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    return SimpleNamespace(
        key=key,
        policy=team["Arn"],
        provider=provider["OpenIDConnectProviderArn"],
        vpc=vpc,
        subnet=ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"],
        group=group,
        instance=made["InstanceId"],
        address=ec2.allocate_address(Domain="vpc")["PublicIp"],
    )


@pytest.fixture(scope="module")
def own(lab, foreign):
    """What the run has made."""
    iam, ec2 = lab.client("iam"), lab.client("ec2")
    lab.client("s3").create_bucket(Bucket="ours", **WHERE)
    iam.create_user(UserName="anna")
    key = iam.create_access_key(UserName="anna")["AccessKey"]
    trust = policy(trusts(lab.client("sts").get_caller_identity()["Arn"]))
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)
    iam.create_instance_profile(InstanceProfileName="app")
    iam.create_policy(PolicyName="p", PolicyDocument=ALL)
    group = ec2.create_security_group(GroupName="ours", Description="d")["GroupId"]
    return SimpleNamespace(group=group, key=key, anna=lab.session_from(key), trust=trust)


@pytest.fixture
def refused(aws, lab, own):
    """refused(call, …): the call says SandboxOnly in one sentence and reaches nobody."""

    def check(call, /, **parameters):
        before, seen = aws.contents(), aws.calls()["seen"]
        with pytest.raises(SandboxOnly) as raised:
            call(**parameters)
        assert aws.calls()["seen"] == seen and aws.contents() == before
        assert str(raised.value) and "\n" not in str(raised.value)

    return check


@pytest.fixture
def harmless(aws, lab, own):
    """harmless(call, …): it fails, and AWS holds what it held."""

    def check(call, /, **parameters):
        before = aws.contents()
        with pytest.raises((SandboxOnly, ClientError)):
            call(**parameters)
        assert aws.contents() == before

    return check


def filled(value, holder):
    """Texts like "<foreign.vpc>" replaced by what they name."""
    if isinstance(value, dict):
        return {key: filled(inner, holder) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, holder) for inner in value]
    if not isinstance(value, str):
        return value

    def found(match):
        thing, _, name = match[1].partition(".")
        return getattr(holder[thing], name)

    return re.sub(r"<(foreign\.\w+|own\.\w+)>", found, value)


#: Whatever a lesson names under the lab's path gets the run's prefix, and nothing is called so.
RENAMED = {
    "A3 a role of the account",
    "A8 another's policy",
    "A8 another's policy by the lesson's number",
    "A8 another's policy goes",
    "A8 a device",
}
STOPPED = {name: one for name, one in ATTACKS.items() if name not in RENAMED}


@pytest.mark.parametrize("name", sorted(RENAMED))
def test_nothing_of_others_is_named_by_the_labs_path(lab, own, foreign, harmless, name):
    service, method, parameters = ATTACKS[name]
    call = getattr(lab.client(service), method)
    harmless(call, **filled(parameters, {"own": own, "foreign": foreign}))


@pytest.mark.parametrize("service, method, parameters", STOPPED.values(), ids=list(STOPPED))
def test_attacks(lab, own, foreign, refused, service, method, parameters):
    call = getattr(lab.client(service), method)
    refused(call, **filled(parameters, {"own": own, "foreign": foreign}))


@pytest.mark.parametrize("service, method, parameters", STOPPED.values(), ids=list(STOPPED))
def test_attacks_unvalidated(lab, own, foreign, refused, service, method, parameters):
    """By a client that lets every parameter through, whatever its type."""
    config = Config(parameter_validation=False)
    call = getattr(lab.session().client(service, config=config), method)
    refused(call, **filled(parameters, {"own": own, "foreign": foreign}))


# ---- whoever calls, and by whichever way


@pytest.fixture(scope="module")
def callers(lab, own, raw):
    """The learner's keys that came back in, a user, a role, and what they hand on."""
    anna, keys = own.anna, raw.get_credentials()
    lab.client("iam").put_user_policy(UserName="anna", PolicyName="all", PolicyDocument=ALL)
    mine = {"AccessKeyId": keys.access_key, "SecretAccessKey": keys.secret_key}
    role = lab.client("iam").get_role(RoleName="app")["Role"]["Arn"]
    taken = lab.client("sts").assume_role(RoleArn=role, RoleSessionName="job")
    return {
        "the learner's keys": lab.session_from(mine),
        "anna": anna,
        "anna's session": lab.session_from(anna.client("sts").get_session_token()),
        "anna, federated": lab.session_from(
            anna.client("sts").get_federation_token(Name="fred", Policy=ALL)
        ),
        "a role": lab.session_from(taken),
    }


WHO = ("the learner's keys", "anna", "anna's session", "anna, federated", "a role")
TRIED = {
    "terminate": ("ec2", "terminate_instances", {"InstanceIds": ["<foreign.instance>"]}),
    "delete a group": ("ec2", "delete_security_group", {"GroupId": "<foreign.group>"}),
    "delete a VPC": ("ec2", "delete_vpc", {"VpcId": "<foreign.vpc>"}),
    "delete a key pair": ("ec2", "delete_key_pair", {"KeyName": "prod-key"}),
    "allocate an address": ("ec2", "allocate_address", {}),
    "encrypt by default": ("ec2", "enable_ebs_encryption_by_default", {}),
    "own key": ("iam", "create_access_key", {}),
    "a policy elsewhere": (
        "iam",
        "delete_policy",
        {"PolicyArn": "arn:aws:iam::999999999999:policy/team"},
    ),
    "ports": (
        "ec2",
        "authorize_security_group_ingress",
        {
            "GroupId": "<own.group>",
            "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        },
    ),
}


@pytest.mark.parametrize("who", WHO)
def test_a3_whoever_calls_is_asked_the_same(lab, own, foreign, callers, refused, who):
    for service, method, parameters in TRIED.values():
        call = getattr(callers[who].client(service), method)
        refused(call, **filled(parameters, {"own": own, "foreign": foreign}))


def test_a3_the_learners_own_rights_are_handed_on_to_nobody(callers, refused):
    sts = callers["the learner's keys"].client("sts")
    refused(sts.get_session_token)
    refused(sts.get_federation_token, Name="me")


def test_a3_resources_paginators_and_waiters(lab, foreign, callers, refused):
    for session in (lab.session(), callers["the learner's keys"]):
        ec2, iam = session.resource("ec2"), session.resource("iam")
        refused(ec2.Instance(foreign.instance).terminate)
        refused(ec2.Vpc(foreign.vpc).delete)
        refused(iam.AccountPasswordPolicy().update, MinimumPasswordLength=6)
        refused(iam.CurrentUser().load)
        pages = session.client("iam").get_paginator("list_virtual_mfa_devices")
        refused(lambda pages=pages: list(pages.paginate()))
        waiter = session.client("ec2").get_waiter("instance_terminated")
        refused(waiter.wait, InstanceIds=[foreign.instance])


# ---- A9: links


LINKS = {
    "terminate": ("ec2", "terminate_instances", {"InstanceIds": ["<foreign.instance>"]}),
    "describe": ("ec2", "describe_instances", {}),
    "password policy": ("iam", "update_account_password_policy", {}),
    "own key": ("iam", "create_access_key", {}),
    "user": ("iam", "create_user", {"UserName": "ghost"}),
    "session": ("sts", "get_session_token", {}),
    "bucket": ("s3", "create_bucket", {"Bucket": "b"}),
    "bucket's end": ("s3", "delete_bucket", {"Bucket": "ours"}),
    "policy": ("s3", "put_bucket_policy", {"Bucket": "ours", "Policy": ALL}),
    "ACL": ("s3", "put_object", {"Bucket": "ours", "Key": "k", "ACL": "public-read"}),
    "steps": ("s3", "get_object", {"Bucket": "ours", "Key": "../company-data/k"}),
    "steps back": ("s3", "get_object", {"Bucket": "ours", "Key": "a/../../company-data/k"}),
    "no key": ("s3", "get_object", {"Bucket": "ours", "Key": ""}),
    "no bucket": ("s3", "get_object", {"Bucket": "", "Key": "k"}),
    "elsewhere": ("secretsmanager", "get_secret_value", {"SecretId": "s"}),
}


@pytest.mark.parametrize("service, method, parameters", LINKS.values(), ids=list(LINKS))
def test_a9_no_link_does_what_a_call_may_not(
    lab, own, foreign, callers, refused, service, method, parameters
):
    given = filled(parameters, {"own": own, "foreign": foreign})
    config = Config(parameter_validation=False)
    for session in (lab.session(), callers["anna"], callers["the learner's keys"]):
        client = session.client(service, config=config)
        refused(client.generate_presigned_url, ClientMethod=method, Params=given)


def test_a9_a_link_keeps_to_its_method_and_no_form_is_signed(lab, own, refused):
    s3, key = lab.client("s3"), {"Bucket": "ours", "Key": "k"}
    sign = s3.generate_presigned_url
    refused(sign, ClientMethod="get_object", Params=key, HttpMethod="DELETE")
    refused(s3.generate_presigned_post, **key)
    refused(s3.generate_presigned_post, Bucket="company-data", Key="k")
    resource = lab.session().resource("s3").meta.client
    refused(resource.generate_presigned_post, **key)
    refused(lab.client("rds").generate_db_auth_token, DBHostname="h", Port=1, DBUsername="u")


def test_a9_links_of_own_objects_and_of_who_am_i(lab, own):
    where = lab.real("ours")
    for method in ("get_object", "put_object", "head_object"):
        url = lab.client("s3").generate_presigned_url(method, {"Bucket": "ours", "Key": "a/k"})
        assert f"{where}/a/k?" in url or (f"{where}." in url and "/a/k?" in url)
    assert "GetCallerIdentity" in lab.client("sts").generate_presigned_url("get_caller_identity")


# ---- what goes on working


def test_small_ranges_add_up_to_a_small_range(lab, own, refused):
    ec2 = lab.client("ec2")
    for text in ("203.0.113.7/32", "198.51.100.0/24"):
        rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": text}]}
        ec2.authorize_security_group_ingress(GroupId=own.group, IpPermissions=[rule])
    wide = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
    }
    refused(ec2.authorize_security_group_ingress, GroupId=own.group, IpPermissions=[wide])


def test_a13_marks_stay_and_no_key_comes_twice(lab, raw, own):
    """What says the same of the project is said once; other tags are the lesson's."""
    tags = [{"Key": "project", "Value": "sts-lab"}, {"Key": "Project", "Value": "shop"}]
    lab.client("s3").put_bucket_tagging(Bucket="ours", Tagging={"TagSet": tags})
    made = lab.client("ec2").run_instances(
        ImageId="ami-1",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    bucket = raw.client("s3").get_bucket_tagging(Bucket=lab.real("ours"))["TagSet"]
    id_ = made["Instances"][0]["InstanceId"]
    answer = raw.client("ec2").describe_instances(InstanceIds=[id_])["Reservations"]
    for found in (bucket, answer[0]["Instances"][0]["Tags"]):
        keys = [tag["Key"] for tag in found]
        assert len(keys) == len(set(keys)) == 6
        assert {"project", "Project", "sts-lab:run"} <= set(keys)
    lab.client("ec2").terminate_instances(InstanceIds=[id_])


DENIES = {
    "over plain HTTP": {"Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    "without MFA": {
        "Action": "s3:ListBucket",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    },
    "objects": {"Action": "*", "Resource": "arn:aws:s3:::ours/*"},
    "anna": {"Action": "s3:*", "Principal": {"AWS": "arn:aws:iam::111122223333:user/anna"}},
}


@pytest.mark.parametrize("more", DENIES.values(), ids=list(DENIES))
def test_a_deny_that_spares_the_learner_is_put_and_taken_away(lab, own, more):
    deny = {"Effect": "Deny", "Principal": "*", "Resource": "arn:aws:s3:::ours", **more}
    s3 = lab.client("s3")
    s3.put_bucket_policy(Bucket="ours", Policy=policy(deny))
    s3.delete_bucket_policy(Bucket="ours")


def test_a_star_tied_to_the_lab(lab, own):
    condition = {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/anna"}}
    read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    read |= {"Resource": "arn:aws:s3:::ours/*", "Condition": condition}
    lab.client("s3").put_bucket_policy(Bucket="ours", Policy=policy(read))
    lab.client("s3").delete_bucket_policy(Bucket="ours")


def test_a_condition_that_is_none(lab, own):
    """A star is tied to the lab's accounts whatever stands in its condition."""
    trust = trusts({"AWS": "*"}) | {"Condition": {"StringLike": None}}
    lab.client("iam").update_assume_role_policy(RoleName="app", PolicyDocument=policy(trust))


def test_a_wrong_type_is_told_by_boto3(lab, own, refused):
    from botocore.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError, match="Invalid type for parameter PolicyDocument"):
        lab.client("iam").create_policy(PolicyName="q", PolicyDocument={"Version": "2012-10-17"})
    with pytest.raises(ParamValidationError, match="Unknown parameter"):
        lab.client("iam").create_user(Username="q")


@pytest.mark.parametrize("broken", [[{}], [{"Tags": []}]])
def test_what_boto3_would_not_send_is_sent_without_it(lab, own, broken):
    """By a client without validation: what is not there gives no tags but the run's."""
    ec2 = lab.session().client("ec2", config=Config(parameter_validation=False))
    made = ec2.create_security_group(GroupName="odd", Description="d", TagSpecifications=broken)
    ec2.delete_security_group(GroupId=made["GroupId"])


# ---- whose a thing is


LOGS = {"Service": "delivery.logs.amazonaws.com"}
OF_OTHERS = {
    "no condition": None,
    "a star": {"StringLike": {"aws:SourceAccount": "*"}},
    "another account": {"StringEquals": {"aws:SourceAccount": "999999999999"}},
    "one of two": {"StringEquals": {"aws:SourceAccount": ["111122223333", "999999999999"]}},
    "if it is there": {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
    "all that are there": {"ForAllValues:StringEquals": {"aws:SourceAccount": "111122223333"}},
    "another's thing": {"ArnLike": {"aws:SourceArn": "arn:aws:logs:*:999999999999:*"}},
    "anybody's thing": {"ArnLike": {"aws:SourceArn": "arn:aws:logs:*:*:*"}},
    "a bucket": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::company-data"}},
    "who calls": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}},
    # A star of StringLike goes over colons, and others may call a function like the account.
    "a name": {"StringLike": {"aws:SourceArn": "arn:aws:lambda:*:111122223333:*"}},
    "twice": {
        "StringEquals": {"aws:SourceAccount": "111122223333", "AWS:sourceaccount": "999999999999"}
    },
}


def let_in(principal, condition):
    found = {"Effect": "Allow", "Principal": principal, "Action": "s3:PutObject"}
    found |= {"Resource": "arn:aws:s3:::ours/*"}
    return policy(found | ({"Condition": condition} if condition else {}))


@pytest.mark.parametrize("condition", OF_OTHERS.values(), ids=list(OF_OTHERS))
def test_no_service_acts_on_a_bucket_for_others(lab, own, refused, condition):
    put = lab.client("s3").put_bucket_policy
    refused(put, Bucket="ours", Policy=let_in(LOGS, condition))
    both = {"AWS": "arn:aws:iam::111122223333:user/anna", "Service": ["s3.amazonaws.com"]}
    refused(put, Bucket="ours", Policy=let_in(both, condition))


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        {"ArnLike": {"AWS:SourceArn": ["arn:aws:logs:*:111122223333:*"]}},
        {"StringLike": {"aws:SourceArn": "arn:aws:logs:ap-northeast-2:111122223333:*"}},
    ],
)
def test_a_service_that_acts_for_the_lab(lab, own, condition):
    lab.client("s3").put_bucket_policy(Bucket="ours", Policy=let_in(LOGS, condition))
    lab.client("s3").delete_bucket_policy(Bucket="ours")


def test_what_the_lab_deleted_is_its_own_no_more(lab, raw, own, refused):
    """A person may make a provider of the same URL, and with it of the same ARN."""
    mine, theirs = lab.client("iam"), raw.client("iam")
    url = "https://token.actions.githubusercontent.com"
    arn = mine.create_open_id_connect_provider(Url=url)["OpenIDConnectProviderArn"]
    mine.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    real = theirs.create_open_id_connect_provider(Url=url)["OpenIDConnectProviderArn"]
    for name in (arn, real):
        refused(mine.delete_open_id_connect_provider, OpenIDConnectProviderArn=name)
    theirs.delete_open_id_connect_provider(OpenIDConnectProviderArn=real)
    key = mine.create_access_key(UserName="anna")["AccessKey"]["AccessKeyId"]
    mine.delete_access_key(UserName="anna", AccessKeyId=key)
    refused(mine.delete_access_key, UserName="anna", AccessKeyId=key)
    group = lab.client("ec2").create_security_group(GroupName="g9", Description="d")["GroupId"]
    lab.client("ec2").delete_security_group(GroupId=group)
    refused(lab.client("ec2").delete_security_group, GroupId=group)
