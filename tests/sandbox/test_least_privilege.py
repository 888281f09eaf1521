"""From observed calls to the tightest policy, and back: what is granted and not used."""

import json
from collections import defaultdict

import pytest
from scene import World, allow, policy, trusts

from labhelpers import compare_grants, least_privilege
from labhelpers.sandbox import gateway
from labhelpers.sandbox.record.history import History, ids_in
from labhelpers.sandbox.record.needs import needs_of

ACCOUNT = "111122223333"
REPORTS = "arn:aws:s3:::reports"


@pytest.fixture
def asked(monkeypatch):
    """(event name, action, resource) of every permission that the gateway asks about."""
    found, interpret = [], gateway.interpret

    def noting(*arguments):
        call = interpret(*arguments)
        found.extend((call.operation, check.action, check.resource or "*") for check in call.checks)
        return call

    monkeypatch.setattr(gateway, "interpret", noting)
    return found


def in_s3(world):
    s3 = world.bucket("reports")
    s3.put_bucket_versioning(Bucket="reports", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="reports", Key="a b/ü.txt", Body=b"1")
    s3.get_object(Bucket="reports", Key="a b/ü.txt", VersionId=first["VersionId"])
    s3.head_object(Bucket="reports", Key="a b/ü.txt")
    s3.copy_object(
        Bucket="reports", Key="copy", CopySource={"Bucket": "reports", "Key": "a b/ü.txt"}
    )
    s3.list_objects_v2(Bucket="reports", Prefix="a")
    s3.list_object_versions(Bucket="reports")
    s3.list_buckets()
    s3.head_bucket(Bucket="reports")
    world.lab.attempt(s3.get_object, Bucket="reports", Key="nothing")
    world.lab.attempt(s3.get_bucket_policy, Bucket="reports")
    block = {"BlockPublicAcls": True, "BlockPublicPolicy": True}
    s3.put_public_access_block(Bucket="reports", PublicAccessBlockConfiguration=block)
    s3.delete_public_access_block(Bucket="reports")
    upload = s3.create_multipart_upload(Bucket="reports", Key="big")["UploadId"]
    part = {"Bucket": "reports", "Key": "big", "UploadId": upload}
    s3.upload_part(**part, PartNumber=1, Body=b"1")
    s3.list_parts(**part)
    s3.abort_multipart_upload(**part)
    s3.delete_object(Bucket="reports", Key="copy")
    tags = {"TagSet": [{"Key": "team", "Value": "blue"}]}
    s3.put_object_tagging(Bucket="reports", Key="a b/ü.txt", Tagging=tags)


def in_iam(world):
    iam, trust = world.iam(), policy(trusts({"Service": "ec2.amazonaws.com"}))
    tags = [{"Key": "team", "Value": "blue"}]
    iam.create_role(RoleName="r", Path="/ci/", AssumeRolePolicyDocument=trust, Tags=tags)
    iam.get_role(RoleName="r")
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy(allow("s3:*")))
    made = iam.create_policy(PolicyName="m", PolicyDocument=policy(allow("s3:*")), Tags=tags)
    iam.attach_role_policy(RoleName="r", PolicyArn=made["Policy"]["Arn"])
    iam.list_roles()
    iam.create_user(UserName="u", Path="/people/")
    iam.create_access_key(UserName="u")
    iam.get_user()
    iam.list_access_keys()
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")
    url = "https://token.actions.githubusercontent.com"
    made = iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])
    arn = made["OpenIDConnectProviderArn"]
    iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    iam.create_instance_profile(InstanceProfileName="p", Path="/ci/")
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")


def in_sts(world):
    trust = {**trusts({"AWS": ACCOUNT}), "Action": ["sts:AssumeRole", "sts:TagSession"]}
    trust["Action"].append("sts:SetSourceIdentity")
    arn = world.role("passed-on", trust, permissions=(allow("sts:*"),))
    sts = world.lab.client("sts")
    sts.get_caller_identity()
    sts.get_session_token()
    sts.get_federation_token(Name="guest", Policy=policy(allow("s3:*")))
    sts.get_access_key_info(AccessKeyId=world.lab.session().get_credentials().access_key)
    sts.assume_role(RoleArn=arn, RoleSessionName="plain")
    tags = {"Tags": [{"Key": "team", "Value": "blue"}], "TransitiveTagKeys": ["team"]}
    got = world.assume(world.lab.session(), arn, SourceIdentity="anna", **tags)
    assert got.succeeded, got
    chained = world.lab.session_from(got.response)
    world.assume(chained, arn, "chained")
    assert chained.client("sts").get_scoped_credentials(DurationSeconds=60)["Credentials"]


def in_other_services(world):
    session = world.lab.session()
    queue = session.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    session.client("sqs").send_message(QueueUrl=queue, MessageBody="x")
    session.client("logs").describe_log_groups()


@pytest.mark.parametrize("job", [in_s3, in_iam, in_sts, in_other_services])
def test_events_tell_what_the_sandbox_asked(lab, asked, job):
    """Each need read from an event is a permission that was checked, and none is left out."""
    job(World(lab))
    history = History(lab.trail, {})
    told = [
        (event["eventName"], need.action, need.resource)
        for event in lab.trail
        if event["recipientAccountId"] == ACCOUNT
        for need in needs_of(event, history)
    ]
    free = ("sts:GetCallerIdentity", "sts:GetSessionToken")
    checked = {(action, resource) for _, action, resource in asked if action not in free}
    assert {(action, resource) for _, action, resource in told} == checked
    assert len(checked) > 2


def test_the_name_of_a_security_group_is_no_id():
    named = {"groupSet": {"items": [{"groupName": "default"}, {"groupId": "sg-1"}]}}
    assert list(ids_in(named)) == [("SecurityGroupId", "sg-1")]
    assert list(ids_in({"groupName": "near"})) == [("PlacementGroupName", "near")]


def launched(world, **options):
    ec2 = world.lab.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    answer = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, **options)
    instance = answer["Instances"][0]["InstanceId"]
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "a", "Value": "b"}])
    ec2.describe_instances(InstanceIds=[instance])
    ec2.terminate_instances(InstanceIds=[instance])
    return image


def test_launching_needs_several_resources_and_passes_a_role(lab):
    """Ids that the calls gave out will be others next time; the image stays the same."""
    world = World(lab)
    in_iam(world)
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "blue"}]}]
    image = launched(world, IamInstanceProfile={"Name": "p"}, TagSpecifications=tags)
    granted = defaultdict(list)
    for statement in least_privilege(lab.trail)["Statement"]:
        for action in statement["Action"]:
            granted[action].append((statement["Resource"], statement.get("Condition")))
    ec2 = f"arn:aws:ec2:{lab.region}:{ACCOUNT}"
    ((places, condition),) = granted["ec2:RunInstances"]
    assert condition is None
    assert set(places) == {
        f"arn:aws:ec2:{lab.region}::image/{image}",
        *(f"{ec2}:{kind}/*" for kind in ("instance", "network-interface", "security-group")),
        *(f"{ec2}:{kind}/*" for kind in ("subnet", "volume")),
    }
    machines = [f"{ec2}:instance/*"]
    at_launch = {"StringEquals": {"ec2:CreateAction": "RunInstances"}}
    assert granted["ec2:TerminateInstances"] == [(machines, None)]
    assert granted["ec2:CreateTags"] == [(machines, None), (machines, at_launch)]
    to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    assert granted["iam:PassRole"] == [([f"arn:aws:iam::{ACCOUNT}:role/ci/r"], to_ec2)]
    later = [e for e in lab.trail if e["eventName"] == "RunInstances"]
    with pytest.raises(ValueError, match="instance profile p .* profiles="):
        least_privilege(later)
    arn = f"arn:aws:iam::{ACCOUNT}:role/other"
    assert arn in json.dumps(least_privilege(later, profiles={"p": arn}))


def nightly(s3):
    s3.list_objects_v2(Bucket="reports", Prefix="2026/")
    s3.head_object(Bucket="reports", Key="2026/q1.csv")
    body = s3.get_object(Bucket="reports", Key="2026/q1.csv")["Body"].read()
    s3.put_object(Bucket="reports", Key="sums/2026.txt", Body=body)
    return {}


@pytest.fixture
def worker(lab):
    """(world, role ARN, S3 client of a session of the role)"""
    world = World(lab)
    world.bucket("reports").put_object(Bucket="reports", Key="2026/q1.csv", Body=b"1")
    arn = world.role("worker", trusts({"AWS": ACCOUNT}), permissions=(allow("s3:*"),))
    answer = world.assume(lab.session(), arn, "nightly").response
    return world, arn, lab.session_from(answer).client("s3")


def grant(world, document):
    text = json.dumps(document)
    world.iam().put_role_policy(RoleName="worker", PolicyName="inline", PolicyDocument=text)


def test_a_job_runs_with_what_was_observed_and_with_nothing_less(lab, worker):
    world, arn, s3 = worker
    nightly(s3)
    needed = least_privilege(lab.trail, principal=arn)
    assert needed["Statement"] == [
        {"Effect": "Allow", "Action": [action], "Resource": [place]}
        for action, place in (
            ("s3:GetObject", f"{REPORTS}/2026/q1.csv"),
            ("s3:ListBucket", REPORTS),
            ("s3:PutObject", f"{REPORTS}/sums/2026.txt"),
        )
    ]
    grant(world, needed)
    assert lab.attempt(nightly, s3).succeeded
    for statement in needed["Statement"]:
        rest = [s for s in needed["Statement"] if s is not statement]
        grant(world, needed | {"Statement": rest})
        refused = lab.attempt(nightly, s3)
        assert not refused.allowed and statement["Action"][0] in refused.reason


def test_refused_calls_and_other_callers_count_for_nothing(lab, worker):
    world, arn, s3 = worker
    nightly(s3)
    before = least_privilege(lab.trail, principal=arn)
    grant(world, before)
    assert not lab.attempt(s3.delete_object, Bucket="reports", Key="2026/q1.csv").allowed
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/nightly"
    assert least_privilege(lab.trail, arn) == before == least_privilege(lab.trail, session)
    assert "s3:CreateBucket" in json.dumps(least_privilege(lab.trail))
    assert least_privilege(lab.trail, "nobody")["Statement"] == []


def test_an_event_that_nobody_knows_is_no_silent_gap():
    event = {
        "eventSource": "s3.amazonaws.com",
        "eventName": "MakeCoffee",
        "userIdentity": {"arn": "x", "accountId": ACCOUNT},
        "requestParameters": None,
        "awsRegion": "eu-west-1",
    }
    with pytest.raises(ValueError, match="s3.amazonaws.com MakeCoffee"):
        least_privilege([event])


NEEDED = {
    "Version": "2012-10-17",
    "Statement": [allow("s3:GetObject", f"{REPORTS}/a"), allow("s3:ListBucket", REPORTS)],
}


@pytest.mark.parametrize(
    ("granted", "told"),
    [
        (
            [allow("s3:GetObject", f"{REPORTS}/*"), allow("s3:ListBucket", REPORTS)],
            ["Everything that is granted is used, and nothing is missing."],
        ),
        (
            [allow(["s3:Get*", "s3:DeleteObject", "s3:ListBucket"], "*")],
            [
                "s3:DeleteObject on *: not used",
                "s3:Get* on *: only s3:GetObject used",
            ],
        ),
        (
            [allow("s3:GetObject", f"{REPORTS}/b"), allow("S3:listbucket", REPORTS)],
            [
                f"s3:GetObject on {REPORTS}/b: not used",
                f"s3:GetObject on {REPORTS}/a: needed, not granted",
            ],
        ),
        (
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            ["NotAction iam:* on *: only s3:GetObject, s3:ListBucket used"],
        ),
        (
            [
                allow("s3:*", "*"),
                {"Effect": "Deny", "Action": "s3:ListBucket", "Resource": REPORTS},
            ],
            [
                "s3:* on *: only s3:GetObject, s3:ListBucket used",
                f"s3:ListBucket on {REPORTS}: needed, not granted",
            ],
        ),
        (
            [{"Effect": "Allow", "Action": "s3:*", "NotResource": f"{REPORTS}/*"}],
            [
                f"s3:* on all but {REPORTS}/*: only s3:ListBucket used",
                f"s3:GetObject on {REPORTS}/a: needed, not granted",
            ],
        ),
    ],
)
def test_what_is_granted_beside_what_is_needed(granted, told):
    assert str(compare_grants([policy(*granted)], NEEDED)).split("\n") == told


def test_conditions_of_a_need_are_asked(lab):
    """PassRole for one service is no PassRole for another."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/r"
    needed = allow("iam:PassRole", arn)
    needed["Condition"] = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    other = json.loads(json.dumps(needed).replace("ec2.", "lambda."))
    needed = {"Version": "2012-10-17", "Statement": [needed]}
    assert not compare_grants([needed], needed).missing
    assert compare_grants([policy(other)], needed).missing
