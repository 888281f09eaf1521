"""Event hooks that change what AWS has answered: what counts as made is what AWS has made."""

import re

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ReadTimeoutError

from labhelpers import SandboxOnly, open_lab
from labhelpers.account.state.journal import journals


@pytest.fixture
def lab(copied):
    with open_lab("aws", mirrored=False) as opened:
        yield opened


def in_the_answer(id_):
    def hook(parsed, **_):
        parsed["GroupId"] = id_

    return hook


def in_what_came(id_):
    def hook(response_dict, **_):
        response_dict["body"] = re.sub(rb"sg-[0-9a-f]+", id_.encode(), response_dict["body"])

    return hook


def in_its_place(id_):
    return lambda **_: (AWSResponse("http://here", 200, {}, None), {"GroupId": id_})


class Page:
    """What urllib3 would have got."""

    def __init__(self, body):
        self._body = [body]

    def stream(self):
        return iter(self._body)


def instead_of_asking(id_):
    root = "CreateSecurityGroupResponse"
    body = f"<{root}><groupId>{id_}</groupId></{root}>".encode()
    return lambda **_: AWSResponse("http://here", 200, {}, Page(body))


HOOKS = {
    "after-call": in_the_answer,
    "response-received": lambda id_: (
        lambda parsed_response, **_: parsed_response.update(GroupId=id_)
    ),
    "before-parse": in_what_came,
    "before-call": in_its_place,
    "before-send": instead_of_asking,
}


@pytest.mark.parametrize("event", HOOKS)
def test_no_hook_makes_somebodys_thing_the_labs(lab, raw, event):
    """Neither at once nor for close() and later sweeps, which go by the ids in the journal."""
    theirs = raw("ec2").create_security_group(GroupName="web", Description="d")["GroupId"]
    ec2 = lab.client("ec2")
    ec2.meta.events.register(f"{event}.ec2.CreateSecurityGroup", HOOKS[event](theirs))
    try:
        ec2.create_security_group(GroupName="g", Description="d")
    except SandboxOnly as error:
        assert "CreateSecurityGroup: an event hook" in str(error)
    with pytest.raises(SandboxOnly, match="nothing that this lab has made"):
        lab.client("ec2").delete_security_group(GroupId=theirs)
    assert theirs not in [one.get("id") for journal in journals() for one in journal.entries()]
    lab.close()
    names = {one["GroupName"] for one in raw("ec2").describe_security_groups()["SecurityGroups"]}
    assert names == {"default", "web"}


def test_nor_somebodys_user(lab, raw):
    theirs = raw("iam").create_user(UserName="human")["User"]["UserId"]
    iam = lab.client("iam")
    iam.meta.events.register(
        "after-call.iam.CreateUser", lambda parsed, **_: parsed["User"].update(UserId=theirs)
    )
    iam.create_user(UserName="anna")
    lab.close()
    assert {one["UserName"] for one in raw("iam").list_users()["Users"]} == {"human", "lab-admin"}


def test_nor_somebodys_network(lab, raw):
    """An instance could stand in it."""
    theirs = raw("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2 = lab.client("ec2")
    ec2.meta.events.register(
        "after-call.ec2.DescribeVpcs",
        lambda parsed, **_: [v.update(IsDefault=True) for v in parsed["Vpcs"]],
    )
    ec2.describe_vpcs()
    with pytest.raises(SandboxOnly, match="nothing that this lab has made"):
        lab.client("ec2").create_security_group(GroupName="g", Description="d", VpcId=theirs)


def test_a_hook_that_hides_something_is_nobodys_harm(lab):
    """What is read is what the hooks make of it."""
    iam = lab.client("iam")
    iam.meta.events.register(
        "after-call.iam.CreateAccessKey",
        lambda parsed, **_: parsed["AccessKey"].update(SecretAccessKey="hidden"),
    )
    iam.create_user(UserName="anna")
    assert iam.create_access_key(UserName="anna")["AccessKey"]["SecretAccessKey"] == "hidden"


def test_no_hook_asks_for_a_write_twice(lab, raw):
    """The first key would be known to nobody."""
    iam = lab.client("iam")
    iam.create_user(UserName="anna")
    iam.meta.events.register_first(
        "needs-retry.iam.CreateAccessKey", lambda attempts, **_: 0 if attempts == 1 else None
    )
    with pytest.raises(SandboxOnly, match=r"CreateAccessKey: an event hook .* \(asked again\)"):
        iam.create_access_key(UserName="anna")
    keys = raw("iam").list_access_keys(UserName=lab.real("anna"))["AccessKeyMetadata"]
    assert len(keys) == 1


def numbers_of_keys(lab, raw):
    return len(raw("iam").list_access_keys(UserName=lab.real("anna"))["AccessKeyMetadata"])


@pytest.mark.parametrize("event", ["after-call", "before-parse"])
def test_no_hook_makes_a_refusal_of_a_write_that_got_through(copied, raw, monkeypatch, event):
    """Right after a change of a policy a refusal would be asked again."""
    monkeypatch.setenv("LAB_AWS_PATIENCE", "3")
    with open_lab("aws") as lab:
        iam = lab.client("iam")
        iam.create_user(UserName="anna")

        def refuse(**_):
            said = {"Error": {"Code": "AccessDenied", "Message": "by a hook"}}
            raise ClientError(said, "CreateAccessKey")

        iam.meta.events.register(f"{event}.iam.CreateAccessKey", refuse)
        with pytest.raises(SandboxOnly, match=r"CreateAccessKey: an event hook .* \(its answer\)"):
            iam.create_access_key(UserName="anna")
        assert numbers_of_keys(lab, raw) == 1


@pytest.mark.parametrize("way", ["failed", "lost", "throttled"])
def test_no_hook_asks_again_where_nobody_knows(lab, raw, way):
    """One that stands before the lab's own; a throttled call it may repeat."""
    iam = lab.client("iam")
    iam.create_user(UserName="anna")
    look, sent = iam._endpoint.http_session, []
    network = look._session

    class Network:
        def send(self, request):
            sent.append(request.url)
            code, status = ("Throttling", 400) if way == "throttled" else ("ServiceFailure", 500)
            said = f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>".encode()
            if way == "throttled" and len(sent) > 1:
                return network.send(request)
            if way != "throttled":
                network.send(request)
            if way == "lost":
                raise ReadTimeoutError(endpoint_url="http://aws")
            return AWSResponse("http://aws", status, {}, Page(said))

        def close(self):
            network.close()

    look._session = Network()
    iam.meta.events.register_first(
        "needs-retry.iam.CreateAccessKey", lambda attempts, **_: 0 if attempts == 1 else None
    )
    if way == "throttled":
        iam.create_access_key(UserName="anna")
    else:
        with pytest.raises(SandboxOnly, match=r"\(asked again\)"):
            iam.create_access_key(UserName="anna")
    assert len(sent) == (2 if way == "throttled" else 1) and numbers_of_keys(lab, raw) == 1
