"""The instance metadata service, asked as a program on the instance would (STS_FACTS 7.1, 7.2)."""

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
import urllib3
from scene import World, allow, deny, trusts

EC2 = {"Service": "ec2.amazonaws.com"}
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
CREDENTIALS = "latest/meta-data/iam/security-credentials/"
READ = allow("s3:GetObject", "arn:aws:s3:::metadata-bucket/*")
CHILD = (
    "import boto3; "
    "print(boto3.client('s3').get_object(Bucket='metadata-bucket', Key='a')['Body'].read()); "
    "print(boto3.client('sts').get_caller_identity()['Arn'])"
)


class Machines(World):
    """Instances and what they say of themselves."""

    def __init__(self, lab):
        super().__init__(lab)
        self.ec2 = lab.client("ec2")
        self.image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        self.http = urllib3.PoolManager(retries=False)
        bucket = self.bucket("metadata-bucket")
        bucket.put_object(Bucket="metadata-bucket", Key="a", Body=b"found")

    def profile(self, name, *trust, permissions=(READ,)):
        """The ARN of a role in an instance profile of its own name."""
        arn = self.role(name, *(trust or (trusts(EC2),)), permissions=permissions)
        self.iam().create_instance_profile(InstanceProfileName=name)
        self.iam().add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        return arn

    def launch(self, profile=None, **options):
        """The metadata service of a new instance."""
        if profile:
            options["IamInstanceProfile"] = {"Name": profile}
        answer = self.ec2.run_instances(ImageId=self.image, MinCount=1, MaxCount=1, **options)
        return self.lab.instance_metadata(answer["Instances"][0]["InstanceId"])

    def ask(self, machine, path, method="GET", **headers):
        """(status, text)"""
        url = f"{machine.endpoint_url}/{path}"
        answer = self.http.request(method, url, headers=headers)
        return answer.status, answer.data.decode()

    def token(self, machine, ttl="600"):
        status, text = self.ask(machine, "latest/api/token", "PUT", **{TTL: ttl})
        assert status == 200
        return {"X-aws-ec2-metadata-token": text}

    def read(self, machine, path):
        """(status, text), with a token."""
        return self.ask(machine, path, **self.token(machine))

    def keys(self, machine, role):
        return json.loads(self.read(machine, CREDENTIALS + role)[1])

    def run(self, machine):
        return subprocess.run(
            [sys.executable, "-c", CHILD], env=machine.environ(), capture_output=True, text=True
        )


@pytest.fixture(scope="module")
def machines():
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        made = Machines(lab)
        made.profile("web")
        yield made


@pytest.fixture(scope="module")
def web(machines):
    """An instance that wants tokens, with the profile web."""
    return machines.launch(
        "web", MetadataOptions={"HttpTokens": "required"}, UserData="#!/bin/sh\necho hi"
    )


@pytest.mark.parametrize("ttl", ["1", "21600"])
def test_token_is_given_for_a_ttl(machines, web, ttl):
    status, text = machines.ask(web, "latest/api/token", "PUT", **{TTL: ttl})
    assert status == 200 and re.fullmatch(r"[\w=-]{56}", text)


@pytest.mark.parametrize("ttl", [None, "", "0", "21601", "-1", "1.5", "ten", "999999999"])
def test_token_needs_a_good_ttl(machines, web, ttl):
    headers = {} if ttl is None else {TTL: ttl}
    assert machines.ask(web, "latest/api/token", "PUT", **headers)[0] == 400


def test_forwarded_token_request_is_refused(machines, web):
    """A proxy that passes requests on adds this header: that is what IMDSv2 protects from."""
    headers = {TTL: "60", "X-Forwarded-For": "203.0.113.9"}
    assert machines.ask(web, "latest/api/token", "PUT", **headers)[0] == 403
    assert machines.ask(web, "latest/api/token")[0] == 405


def test_tokens_that_are_not_good(machines, web):
    """None, an invented one, an altered one, and one of another instance: 401."""
    other = machines.launch()
    good = machines.token(web)["X-aws-ec2-metadata-token"]
    altered = ("B" if good[20] != "B" else "C").join((good[:20], good[21:]))
    for token in (None, "", "x", "é", "a" * 5000, altered, good[:-4]):
        headers = {} if token is None else {"X-aws-ec2-metadata-token": token}
        assert machines.ask(web, "latest/meta-data/", **headers)[0] == 401, token
    assert machines.ask(other, "latest/meta-data/", **machines.token(web))[0] == 401
    assert machines.ask(web, "latest/meta-data/", **machines.token(web))[0] == 200


def test_token_ends_on_the_lab_clock(machines, web):
    token = machines.token(web, "60")
    assert machines.ask(web, "latest/meta-data/", **token)[0] == 200
    machines.lab.clock.advance(seconds=61)
    assert machines.ask(web, "latest/meta-data/", **token)[0] == 401


def test_optional_tokens_leave_imdsv1_open(machines, web):
    """Without metadata options, as in the Terraform example, anybody inside may ask plainly; but
    a bad token is refused even there."""
    old = machines.launch("web")
    assert machines.ask(old, CREDENTIALS) == (200, "web")
    assert machines.ask(web, CREDENTIALS)[0] == 401
    assert machines.ask(old, CREDENTIALS, **{"X-aws-ec2-metadata-token": "x"})[0] == 401


def test_disabled_endpoint_answers_403(machines):
    machine = machines.launch("web", MetadataOptions={"HttpEndpoint": "disabled"})
    assert machines.ask(machine, "latest/api/token", "PUT", **{TTL: "60"})[0] == 403
    assert machines.ask(machine, "latest/meta-data/")[0] == 403


def test_options_can_be_changed_one_by_one(machines):
    """What a change does not mention stays as it was; changes count at once."""
    machine = machines.launch("web")

    def change(**options):
        machines.ec2.modify_instance_metadata_options(InstanceId=machine.instance_id, **options)

    assert machines.ask(machine, "latest/meta-data/")[0] == 200
    change(HttpTokens="required")
    change(HttpPutResponseHopLimit=2)
    assert machines.ask(machine, "latest/meta-data/")[0] == 401
    change(HttpEndpoint="disabled")
    assert machines.ask(machine, "latest/meta-data/")[0] == 403
    change(HttpEndpoint="enabled")
    assert machines.read(machine, "latest/meta-data/")[0] == 200
    assert machines.ask(machine, "latest/meta-data/")[0] == 401


def test_what_an_instance_is_told(machines, web):
    token = machines.token(web)

    def say(path):
        status, text = machines.ask(web, path, **token)
        assert status == 200, path
        return text

    assert say("latest/meta-data/instance-id") == web.instance_id
    assert say("latest/meta-data/placement/") == "availability-zone\nregion"
    assert say("latest/meta-data/placement/region") == machines.lab.region
    assert "iam/" in say("latest/meta-data/").split("\n")
    assert say("latest/user-data") == "#!/bin/sh\necho hi"
    document = json.loads(say("latest/dynamic/instance-identity/document"))
    assert document["instanceId"] == web.instance_id
    assert document["accountId"] == machines.lab.account_id
    info = json.loads(say("latest/meta-data/iam/info"))
    assert info["Code"] == "Success"
    assert info["InstanceProfileArn"].endswith(":instance-profile/web")
    assert info["InstanceProfileId"].startswith("AIPA")


@pytest.mark.parametrize(
    "path",
    [
        "meta-data/instance-id",
        "meta-data/placement/region",
        "dynamic/instance-identity/document",
        "meta-data/iam",
        "meta-data/iam/security-credentials",
        "meta-data/iam/security-credentials/web",
    ],
)
def test_a_slash_at_the_end_changes_nothing(machines, web, path):
    with_slash = machines.read(web, f"latest/{path}/")
    assert with_slash == machines.read(web, f"latest/{path}") and with_slash[0] == 200


def test_botocore_finds_the_region(machines, web):
    from botocore.utils import InstanceMetadataRegionFetcher

    endpoint = web.environ()["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    config = {"ec2_metadata_service_endpoint": endpoint}
    assert InstanceMetadataRegionFetcher(config=config).retrieve_region() == machines.lab.region


@pytest.mark.parametrize(
    "path",
    [
        "",
        "latest/nothing",
        "latest/meta-data/nothing",
        "latest/meta-data/instance-id/more",
        "latest/meta-data/iam/security-credentials/other",
        "2009-04-04/meta-data/",
        "%2e%2e/%2e%2e/x",
    ],
)
def test_what_is_not_there_answers_404(machines, web, path):
    assert machines.read(web, path)[0] == 404


def test_other_methods_are_refused(machines, web):
    for method in ("PUT", "POST", "DELETE"):
        assert machines.ask(web, "latest/meta-data/", method, **machines.token(web))[0] == 405


def test_tags_are_shown_only_on_request(machines):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "blue"}]}]
    shy = machines.launch(TagSpecifications=tags)
    open_ = machines.launch(
        TagSpecifications=tags, MetadataOptions={"InstanceMetadataTags": "enabled"}
    )
    assert machines.read(shy, "latest/meta-data/tags/instance/team")[0] == 404
    assert machines.read(open_, "latest/meta-data/tags/instance/team") == (200, "blue")


def test_keys_are_a_session_named_after_the_instance(machines, web):
    keys = machines.keys(web, "web")
    assert keys["Code"] == "Success" and keys["Type"] == "AWS-HMAC"
    session = machines.lab.session_from(
        {
            "AccessKeyId": keys["AccessKeyId"],
            "SecretAccessKey": keys["SecretAccessKey"],
            "SessionToken": keys["Token"],
        }
    )
    arn = session.client("sts").get_caller_identity()["Arn"]
    assert arn.endswith(f":assumed-role/web/{web.instance_id}")


def test_keys_roll_before_they_end(machines, web):
    """The same keys until half an hour before their end, then new ones; a process that starts
    later, with the clock hours ahead, finds keys that work."""
    first = machines.keys(web, "web")
    end = datetime.fromisoformat(first["Expiration"])
    assert end - datetime.fromisoformat(first["LastUpdated"]) == timedelta(hours=6)
    machines.lab.clock.advance(end - machines.lab.clock.now() - timedelta(minutes=31))
    assert machines.keys(web, "web") == first
    machines.lab.clock.advance(timedelta(minutes=26))
    second = machines.keys(web, "web")
    assert second["AccessKeyId"] != first["AccessKeyId"]
    machines.lab.clock.advance(timedelta(hours=30))
    assert "found" in machines.run(web).stdout


def test_unmodified_boto3_finds_the_keys(machines, web, monkeypatch, tmp_path):
    """Nothing of this machine gets in the way: no keys in variables, no files."""
    files = tmp_path / ".aws"
    files.mkdir()
    (files / "credentials").write_text("[default]\naws_access_key_id=A\naws_secret_access_key=B\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    ran = machines.run(web)
    assert ran.stdout.split("\n")[0] == "b'found'", ran.stderr
    assert f":assumed-role/web/{web.instance_id}" in ran.stdout


def test_instance_without_profile_has_no_keys(machines):
    bare = machines.launch()
    assert machines.read(bare, "latest/meta-data/iam/info")[0] == 404
    assert machines.read(bare, CREDENTIALS)[0] == 404
    assert "NoCredentialsError" in machines.run(bare).stderr


def test_profile_can_come_and_go(machines):
    """Associating and disassociating a profile counts at once."""
    machine = machines.launch()
    assert machines.read(machine, CREDENTIALS)[0] == 404
    association = machines.ec2.associate_iam_instance_profile(
        InstanceId=machine.instance_id, IamInstanceProfile={"Name": "web"}
    )["IamInstanceProfileAssociation"]["AssociationId"]
    assert machines.read(machine, CREDENTIALS) == (200, "web")
    machines.ec2.disassociate_iam_instance_profile(AssociationId=association)
    assert machines.read(machine, CREDENTIALS)[0] == 404


def test_role_that_ec2_may_not_assume(machines):
    """200 and an error document; repairing the trust policy helps at the next fetch."""
    machines.profile("closed", trusts(machines.lab.account_id))
    machine = machines.launch("closed")
    assert machines.read(machine, CREDENTIALS) == (200, "closed")
    keys = machines.keys(machine, "closed")
    assert keys["Code"] == "AssumeRoleUnauthorizedAccess" and "AccessKeyId" not in keys
    assert "NoCredentialsError" in machines.run(machine).stderr
    document = {"Version": "2012-10-17", "Statement": trusts(EC2)}
    machines.iam().update_assume_role_policy(RoleName="closed", PolicyDocument=json.dumps(document))
    assert machines.keys(machine, "closed")["Code"] == "AssumeRoleUnauthorizedAccess"
    machines.lab.clock.advance(timedelta(hours=1))
    assert machines.keys(machine, "closed")["Code"] == "Success"


def test_conditions_of_the_trust_policy_bind_ec2(machines):
    condition = {"StringEquals": {"aws:PrincipalServiceName": "lambda.amazonaws.com"}}
    machines.profile("conditional", trusts(EC2, Condition=condition))
    keys = machines.keys(machines.launch("conditional"), "conditional")
    assert keys["Code"] == "AssumeRoleUnauthorizedAccess"


def test_changing_the_trust_policy_ends_nothing(machines):
    """EC2 was trusted when it fetched: those keys live on, and the next fetch gets none."""
    machines.profile("trusted")
    machine = machines.launch("trusted")
    first = machines.keys(machine, "trusted")
    document = {"Version": "2012-10-17", "Statement": trusts(machines.lab.account_id)}
    machines.iam().update_assume_role_policy(
        RoleName="trusted", PolicyDocument=json.dumps(document)
    )
    assert machines.keys(machine, "trusted") == first
    assert "found" in machines.run(machine).stdout
    machines.lab.clock.advance(timedelta(hours=6))
    assert machines.keys(machine, "trusted")["Code"] == "AssumeRoleUnauthorizedAccess"


def test_profile_without_role(machines):
    machines.iam().create_instance_profile(InstanceProfileName="empty")
    machine = machines.launch()
    machines.ec2.associate_iam_instance_profile(
        InstanceId=machine.instance_id, IamInstanceProfile={"Name": "empty"}
    )
    info = json.loads(machines.read(machine, "latest/meta-data/iam/info")[1])
    assert info["Code"] == "Success"
    assert info["Message"].startswith("Instance Profile does not contain a role")
    assert machines.read(machine, CREDENTIALS)[0] == 404


def test_recreated_profile_is_another_one(machines):
    """Same name, another id: the instance still holds the old one."""
    iam = machines.iam()
    machines.profile("reborn")
    machine = machines.launch("reborn")
    assert machines.keys(machine, "reborn")["Code"] == "Success"
    iam.remove_role_from_instance_profile(InstanceProfileName="reborn", RoleName="reborn")
    iam.delete_instance_profile(InstanceProfileName="reborn")
    iam.create_instance_profile(InstanceProfileName="reborn")
    iam.add_role_to_instance_profile(InstanceProfileName="reborn", RoleName="reborn")
    machines.lab.clock.advance(timedelta(hours=6))
    info = json.loads(machines.read(machine, "latest/meta-data/iam/info")[1])
    assert info["Code"] == "InstanceProfileNotFound"


def test_policies_can_tell_imdsv1_keys_from_imdsv2_keys(machines):
    """IMDSv1 and IMDSv2 hand out different keys, which ec2:RoleDelivery tells apart."""
    old = {"Condition": {"NumericLessThan": {"ec2:RoleDelivery": "2.0"}}}
    machines.profile("careful", permissions=(READ, deny("*", **old)))
    machine = machines.launch("careful")
    plainly = json.loads(machines.ask(machine, CREDENTIALS + "careful")[1])
    outcomes = []
    for keys in (plainly, machines.keys(machine, "careful")):
        renamed = {**keys, "SessionToken": keys["Token"]}
        s3 = machines.lab.session_from(renamed).client("s3")
        outcome = machines.lab.attempt(s3.get_object, Bucket="metadata-bucket", Key="a")
        outcomes.append(outcome.outcome)
    assert outcomes == ["ExplicitlyDenied", "Allowed"]


def test_ec2_assuming_the_role_is_in_the_trail(machines):
    machine = machines.launch("web")
    keys = machines.keys(machine, "web")
    event = machines.lab.trail[-1]
    assert event["userIdentity"] == {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
    assert event["eventName"] == "AssumeRole" and event["sharedEventID"]
    assert event["requestParameters"]["roleSessionName"] == machine.instance_id
    assert event["responseElements"]["credentials"]["accessKeyId"] == keys["AccessKeyId"]
    assert keys["SecretAccessKey"] not in json.dumps(event)
    machines.run(machine)
    used = machines.lab.trail[-1]["userIdentity"]["sessionContext"]
    assert used["ec2RoleDelivery"] == "2.0"


def test_each_instance_has_a_port_of_its_own(machines, web):
    """SDKs for JavaScript and Go drop a path of the endpoint. Asked again it is the same port; of
    another instance, or of the lab, nothing can be asked there, however the path is written."""
    other = machines.launch("web")
    urls = [urlsplit(one.endpoint_url) for one in (web, other)]
    assert [(u.scheme, u.hostname, u.path) for u in urls] == [("http", "127.0.0.1", "")] * 2
    assert len({u.port for u in urls}) == 2
    assert machines.lab.instance_metadata(web.instance_id).endpoint_url == web.endpoint_url
    for machine in (web, other):
        assert machines.read(machine, "latest/meta-data/instance-id")[1] == machine.instance_id
    environ = web.environ()
    assert environ["AWS_METADATA_ENDPOINT"] == web.endpoint_url
    # Old AWS CLIs write the path right behind it, new SDKs put a slash between.
    endpoint = environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    assert endpoint == f"{web.endpoint_url}/"
    status = [
        machines.http.request("GET", endpoint + path).status for path in ("latest/", "/latest/")
    ]
    assert status == [401, 401]
    tricks = (
        "",
        "/",
        f"/../{other.instance_id}",
        f"/.imds/{other.instance_id}",
        "http://localhost",
    )
    for trick in tricks:
        target = f"{trick}/latest/meta-data/instance-id"
        connection = http.client.HTTPConnection(urls[0].hostname, urls[0].port)
        connection.request("GET", target, headers=machines.token(web))
        answer = connection.getresponse()
        found = web.instance_id.encode() if trick in ("", "/", "http://localhost") else None
        assert (answer.status, answer.read()) == (200, found) if found else answer.status == 404
        connection.close()
    for path in (f"/.imds/{web.instance_id}/latest/meta-data/", "/latest/meta-data/"):
        url = f"{machines.lab.endpoint_url}{path}"
        assert machines.http.request("GET", url, headers=machines.token(web)).status == 400
    sts = "?Action=GetCallerIdentity&Version=2011-06-15"
    assert machines.ask(web, sts, "POST", **machines.token(web))[0] == 405


def test_terminated_instance_is_gone(machines):
    from labhelpers import LabError

    machine = machines.launch("web")
    machines.ec2.terminate_instances(InstanceIds=[machine.instance_id])
    assert machines.ask(machine, "latest/api/token", "PUT", **{TTL: "60"})[0] == 404
    with pytest.raises(LabError, match="terminated, not running"):
        machines.lab.instance_metadata(machine.instance_id)
    with pytest.raises(LabError, match="no instance 'i-1'"):
        machines.lab.instance_metadata("i-1")


def test_ports_of_instances_cost_no_thread_and_close_with_the_lab(machines):
    """The last test: there is one lab, and it is closed."""
    from labhelpers import LabError

    lab = machines.lab
    before = threading.active_count()
    several = [machines.launch() for _ in range(3)]
    assert threading.active_count() <= before
    assert all(machines.read(one, "latest/meta-data/ami-id")[0] == 200 for one in several)
    lab.close()
    for machine in several:
        address = urlsplit(machine.endpoint_url)
        with socket.socket() as probe:
            assert probe.connect_ex((address.hostname, address.port)) != 0
    with pytest.raises(LabError, match="This lab is closed"):
        lab.instance_metadata(several[0].instance_id)
