"""From where a call comes: 127.0.0.1, or the address that the lab chose for a session."""

import boto3
import pytest
import urllib3
from scene import World, allow, deny, trusts

from labhelpers import open_lab
from labhelpers.account.lab import AccountLab
from labhelpers.errors import LabError, SandboxOnly

OFFICE, CAFE = "203.0.113.7", "198.51.100.9"
ADMIN = "arn:aws:iam::111122223333:user/lab-admin"
FROM_OFFICE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


@pytest.fixture(scope="module")
def world():
    with open_lab("sandbox") as lab:
        yield World(lab)


def keys_of(session):
    held = session.get_credentials().get_frozen_credentials()
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    return {name: value for name, value in zip(names, held, strict=False) if value}


def address(lab):
    return lab.trail[-1]["sourceIPAddress"]


@pytest.fixture(scope="module")
def keys(world):
    """Long-term keys that work in the office only."""
    return keys_of(world.user("lea", allow(["iam:ListRoles", "sts:*"], Condition=FROM_OFFICE)))


def test_one_key_in_two_places(world, keys):
    """The address decides and is logged; the key is the same."""
    lab, told = world.lab, []
    for source_ip in (OFFICE, CAFE, None, OFFICE, "2001:db8::7"):
        session = lab.session_from(keys, source_ip=source_ip)
        got = lab.attempt(session.client("iam").list_roles)
        told.append((got.succeeded, address(lab)))
        assert session.get_credentials().access_key == keys["AccessKeyId"]
    here = (False, "127.0.0.1")
    assert told == [(True, OFFICE), (False, CAFE), here, (True, OFFICE), (False, "2001:db8::7")]


def test_every_kind_of_key(world):
    lab = world.lab
    role = world.role("anywhere", trusts("*"))
    sts = lab.client("sts")
    held = [
        keys_of(lab.root_session()),
        sts.get_session_token(),
        sts.get_federation_token(Name="guest"),
        sts.assume_role(RoleArn=role, RoleSessionName="me"),
    ]
    for one in held:
        lab.session_from(one, source_ip=CAFE).client("sts").get_caller_identity()
        assert address(lab) == CAFE
        lab.session_from(one).client("sts").get_caller_identity()
        assert address(lab) == "127.0.0.1"


def test_a_trust_policy_asks_where_the_call_comes_from(world):
    trusted = trusts(ADMIN) | {"Condition": FROM_OFFICE}
    role = world.role("office", trusted, permissions=[allow("*"), deny_elsewhere()])
    admin = keys_of(world.lab.session())
    assert not world.assume(world.lab.session_from(admin, source_ip=CAFE), role).allowed
    entered = world.assume(world.lab.session_from(admin, source_ip=OFFICE), role).response
    reach = {
        source_ip: world.lab.attempt(
            world.lab.session_from(entered, source_ip=source_ip).client("iam").list_roles
        ).outcome
        for source_ip in (OFFICE, CAFE)
    }
    assert reach == {OFFICE: "Allowed", CAFE: "ExplicitlyDenied"}


def deny_elsewhere():
    return deny("*", Condition={"NotIpAddress": {"aws:SourceIp": f"{OFFICE}/32"}})


def test_no_request_says_where_it_comes_from(world, keys):
    session = world.lab.session_from(keys)
    iam = session.client("iam")

    def pretend(request, **_):
        for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "aws:SourceIp"):
            request.headers[name.replace(":", "-")] = OFFICE

    iam.meta.events.register("before-sign.iam.*", pretend)
    assert not world.lab.attempt(iam.list_roles).succeeded
    assert address(world.lab) == "127.0.0.1"


def test_a_link_is_used_from_where_it_is_opened(world):
    s3 = world.bucket("links-of-an-office")
    s3.put_object(Bucket="links-of-an-office", Key="a", Body=b"x")
    office = world.lab.session_from(keys_of(world.lab.session()), source_ip=OFFICE)
    where = {"Bucket": "links-of-an-office", "Key": "a"}
    link = office.client("s3").generate_presigned_url("get_object", Params=where)
    assert urllib3.request("GET", link).data == b"x"
    assert address(world.lab) == "127.0.0.1"
    assert office.client("s3").get_object(**where)["Body"].read() == b"x"
    assert address(world.lab) == OFFICE


def test_other_tools_take_the_address_along(world):
    """By the variables that lead the AWS CLI and Terraform to the sandbox."""
    office = world.lab.session_from(keys_of(world.lab.session()), source_ip=OFFICE)
    found = world.lab.environ(office)
    pair = found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]
    plain = boto3.Session(*pair, region_name=found["AWS_REGION"])
    plain = plain.client("sts", endpoint_url=found["AWS_ENDPOINT_URL"])
    plain.get_caller_identity()
    assert address(world.lab) == OFFICE


def test_a_wrong_secret_gets_no_better_by_an_address(world, keys):
    for broken in ({"SecretAccessKey": "x" * 40}, {"AccessKeyId": "AKIAQABAAAAAAAAAAAAA"}):
        session = world.lab.session_from({**keys, **broken}, source_ip=OFFICE)
        assert world.lab.attempt(session.client("sts").get_caller_identity).code in (
            "SignatureDoesNotMatch",
            "InvalidClientTokenId",
        )


@pytest.mark.parametrize("text", ["", "office", "203.0.113.0/24", "1.2.3", "2001:db8::/32", 7])
def test_what_is_no_address(world, keys, text):
    with pytest.raises(LabError, match=r"is no IP address: write one, e\.g\. source_ip="):
        world.lab.session_from(keys, source_ip=text)


def test_on_aws_calls_come_from_where_they_are_made():
    lab = object.__new__(AccountLab)
    with pytest.raises(SandboxOnly, match="cannot be made to come from 203.0.113.7"):
        lab.session_from({}, source_ip=OFFICE)


def test_deleted_keys_stay_deleted(world):
    user = keys_of(world.user("gone"))
    session = world.lab.session_from(user, source_ip=OFFICE)
    assert session.client("sts").get_caller_identity()["Arn"].endswith("user/gone")
    world.iam().delete_access_key(UserName="gone", AccessKeyId=user["AccessKeyId"])
    got = world.lab.attempt(session.client("sts").get_caller_identity)
    assert got.code == "InvalidClientTokenId"
