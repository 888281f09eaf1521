"""Service and resource control policies, set through Organizations' own calls."""

import json
from datetime import timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from moto.organizations.models import organizations_backends
from scene import allow, deny, policy, reason, trusts

from labhelpers.sandbox.interpret.models import service_model
from labhelpers.sandbox.state.organizations import organization_of

MANAGEMENT = "111122223333"
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


class Company:
    """An organization with one unit and one member account in it."""

    def __init__(self, world):
        self.org = world.lab.client("organizations")
        self.org.create_organization(FeatureSet="ALL")
        self.root = self.org.list_roots()["Roots"][0]["Id"]
        for kind in (SCP, RCP):
            self.org.enable_policy_type(RootId=self.root, PolicyType=kind)
        made = self.org.create_account(Email="m@example.com", AccountName="member")
        self.member = made["CreateAccountStatus"]["AccountId"]
        unit = self.org.create_organizational_unit(ParentId=self.root, Name="unit")
        self.unit = unit["OrganizationalUnit"]["Id"]
        self.org.move_account(
            AccountId=self.member, SourceParentId=self.root, DestinationParentId=self.unit
        )

    def attach(self, target, *statements, kind=SCP):
        made = self.org.create_policy(
            Content=policy(*statements), Name=f"p-{target}", Description="", Type=kind
        )
        number = made["Policy"]["PolicySummary"]["Id"]
        self.org.attach_policy(PolicyId=number, TargetId=target)
        return number

    def detach_full_access(self, target):
        self.org.detach_policy(PolicyId="p-FullAWSAccess", TargetId=target)


@pytest.fixture
def company(world):
    return Company(world)


def test_full_access_refuses_nothing(world, company):
    iam = world.iam(company.member)
    assert world.lab.attempt(iam.list_roles).succeeded


@pytest.mark.parametrize("level", ["root", "unit", "member"])
def test_deny_binds_at_every_level(world, company, level):
    attached = company.attach(getattr(company, level), deny("iam:ListRoles"))
    iam = world.iam(company.member)
    got = world.lab.attempt(iam.list_roles)
    assert (got.outcome, got.blocked_by) == ("ExplicitlyDenied", "scp")
    number = company.org.describe_organization()["Organization"]["Id"]
    arn = f"arn:aws:organizations::{MANAGEMENT}:policy/{number}/service_control_policy/{attached}"
    words = f"with an explicit deny in a service control policy: {arn}"
    assert reason(got.message).endswith(words)
    assert world.lab.attempt(iam.list_users).succeeded


def test_every_level_must_allow(world, company):
    iam = world.iam(company.member)
    company.attach(company.unit, allow("s3:*"))
    assert world.lab.attempt(iam.list_roles).succeeded
    company.detach_full_access(company.unit)
    got = world.lab.attempt(iam.list_roles)
    assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "scp")
    assert "because no service control policy allows the iam:ListRoles action" in got.message


def test_member_root_is_bound_and_the_management_account_is_not(world, company):
    company.attach(company.root, deny("iam:*"))
    member_root = world.lab.root_session(company.member).client("iam")
    assert world.lab.attempt(member_root.list_roles).blocked_by == "scp"
    assert world.lab.attempt(world.iam().list_roles).succeeded


def test_sessions_are_bound_by_the_scp_of_their_own_account(world, company):
    admin = f"arn:aws:iam::{MANAGEMENT}:user/lab-admin"
    role = world.role("r", trusts(admin), permissions=[allow("iam:*")], account=company.member)
    company.attach(company.member, deny("iam:ListRoles"))
    outcome = world.assume(world.lab.session(), role)
    assert outcome.succeeded
    iam = world.lab.session_from(outcome.response).client("iam")
    assert world.lab.attempt(iam.list_roles).blocked_by == "scp"


def test_the_organization_is_a_condition_key(world, company):
    number = company.org.describe_organization()["Organization"]["Id"]
    ours = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": number}}}
    role = world.role("r", trusts("*") | ours, account=company.member)
    assert world.assume(world.lab.session(), role).succeeded
    got = world.assume(world.lab.session("444455556666"), role)
    assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "trust")


def test_rcp_takes_away_from_strangers_to_the_resource(world, company):
    role = world.role("r", trusts("*"), account=company.member)
    assert world.assume(world.lab.session(), role).succeeded
    everyone = deny("sts:AssumeRole", Principal="*")
    company.attach(company.root, everyone, kind=RCP)
    got = world.assume(world.lab.session(), role)
    assert (got.outcome, got.blocked_by) == ("ExplicitlyDenied", "rcp")


TASK = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"


class TestAssumeRoot:
    def take(self, world, company, who=None, **more):
        sts = (who or world.lab.session()).client("sts")
        given = {"TargetPrincipal": company.member, "TaskPolicyArn": {"arn": TASK}, **more}
        return world.lab.attempt(sts.assume_root, **given)

    def test_does_the_task_and_nothing_else(self, world, company):
        world.iam().enable_organizations_root_sessions()
        got = self.take(world, company)
        assert got.succeeded, got
        root = world.lab.session_from(got.response)
        who = root.client("sts").get_caller_identity()
        assert who["Arn"] == f"arn:aws:iam::{company.member}:root"
        life = got.response["Credentials"]["Expiration"] - world.lab.clock.now()
        assert timedelta(minutes=14) < life <= timedelta(minutes=15)
        assert world.lab.attempt(root.client("iam").get_account_summary).succeeded
        refused = world.lab.attempt(root.client("iam").list_roles)
        assert refused.outcome == "ExplicitlyDenied"
        assert not world.lab.attempt(root.client("s3").list_buckets).allowed

    def test_must_be_switched_on(self, world, company):
        assert self.take(world, company).code == "AccessDenied"

    def test_is_for_the_management_account(self, world, company):
        world.iam().enable_organizations_root_sessions()
        stranger = world.lab.session("444455556666")
        assert self.take(world, company, stranger).code == "AccessDenied"
        assert self.take(world, company, world.lab.root_session()).code == "AccessDenied"
        assert self.take(world, company, world.lab.session(company.member)).code == "AccessDenied"

    def test_needs_its_permission_and_one_of_the_tasks(self, world, company):
        world.iam().enable_organizations_root_sessions()
        lea = world.user("lea", allow("sts:AssumeRole"))
        assert self.take(world, company, lea).blocked_by == "identity"
        other = {"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}
        assert self.take(world, company, TaskPolicyArn=other).code == "ValidationError"
        assert self.take(world, company, TargetPrincipal="x" * 12).code == "ValidationError"


# ---------------------------------------------------------------- who may ask what

STRANGER = "777788889999"
OPERATIONS = service_model("organizations").operation_names
#: What an account may ask that manages no organization.
ANYBODYS = {name for name in OPERATIONS if "Handshake" in name} - {
    "ListHandshakesForOrganization",
}
MEMBERS = {"DescribeEffectivePolicy", "DescribeOrganization", "LeaveOrganization"}


def ask(lab, account, operation, **params):
    """(status, code) of a request as it goes over the wire: no parameter is missing to a client."""
    model = service_model("organizations").metadata
    headers = {
        "X-Amz-Target": f"{model['targetPrefix']}.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    request = AWSRequest("POST", lab.endpoint_url, data=json.dumps(params), headers=headers)
    keys = lab.session(account_id=account).get_credentials().get_frozen_credentials()
    SigV4Auth(keys, "organizations", "us-east-1").add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    code = json.loads(answer.content or b"{}").get("__type", "") if answer.status_code > 299 else ""
    return answer.status_code, code.rsplit("#", 1)[-1]


def kept(company):
    """What an organization is made of, and whom it binds."""
    backends = organizations_backends
    found = organization_of(company.member)
    backend = found[1]
    places = [*backend.ou, *backend.accounts]
    return (
        dict(backends.master_accounts),
        [(p.id, getattr(p, "parent_id", ""), [q.id for q in p.attached_policies]) for p in places],
        [(p.id, p.content) for p in backend.policies],
        list(backend.ou[0].policy_types),
    )


def everything(company):
    """One parameter of each name that an operation may need, as an attacker would fill it in."""
    return {
        "AccountId": company.member,
        "TargetId": company.member,
        "ChildId": company.member,
        "ResourceId": company.member,
        "PolicyId": company.attach(company.unit, deny("s3:*")),
        "RootId": company.root,
        "ParentId": company.root,
        "SourceParentId": company.unit,
        "DestinationParentId": company.root,
        "OrganizationalUnitId": company.unit,
        "PolicyType": SCP,
        "Type": SCP,
        "Filter": SCP,
        "ChildType": "ACCOUNT",
        "Content": policy(allow("*")),
        "Name": "mine",
        "Description": "",
        "Email": "x@example.com",
        "AccountName": "x",
        "ServicePrincipal": "config.amazonaws.com",
        "Tags": [{"Key": "a", "Value": "b"}],
        "TagKeys": ["a"],
        "Target": {"Id": STRANGER, "Type": "ACCOUNT"},
        "FeatureSet": "ALL",
    }


def test_a_member_cannot_get_out(world, company):
    """No operation of the management account is a member's, whatever its own policies allow."""
    given = everything(company)
    before = kept(company)
    for operation in OPERATIONS:
        status, code = ask(world.lab, company.member, operation, **given)
        if operation in MEMBERS | ANYBODYS:
            assert code != "AccessDeniedException", operation
        elif operation == "CreateOrganization":
            assert code == "AlreadyInOrganizationException"
        else:
            assert (status, code) in {
                (400, "AccessDeniedException"),
                (400, "SandboxNotModelled"),
            }, operation
        assert kept(company) == before, operation


def test_nobody_takes_anothers_member_away(world, company):
    given = everything(company)
    before = kept(company)
    for operation in sorted(set(OPERATIONS) - ANYBODYS - {"CreateOrganization"}):
        status, code = ask(world.lab, STRANGER, operation, **given)
        assert (status, code) in {
            (400, "AWSOrganizationsNotInUseException"),
            (400, "SandboxNotModelled"),
        }, operation
    assert ask(world.lab, STRANGER, "CreateOrganization", FeatureSet="ALL")[0] == 200
    for operation in sorted(set(OPERATIONS) - ANYBODYS - {"DeleteOrganization"}):
        ask(world.lab, STRANGER, operation, **given)
        everyone = kept(company)[0]
        assert everyone[company.member] == before[0][company.member], operation
        assert kept(company)[1:] == before[1:], operation
    found = ask(world.lab, STRANGER, "RemoveAccountFromOrganization", AccountId=company.member)
    assert found == (400, "AccountNotFoundException")


def test_a_delegated_administrator_looks_and_changes_nothing(world, company):
    company.org.register_delegated_administrator(
        AccountId=company.member, ServicePrincipal="guardduty.amazonaws.com"
    )
    before = kept(company)
    assert ask(world.lab, company.member, "ListAccounts")[0] == 200
    found = ask(
        world.lab, company.member, "RemoveAccountFromOrganization", AccountId=company.member
    )
    assert found == (400, "AccessDeniedException")
    assert kept(company) == before
