"""Service and resource control policies, set through Organizations' own calls."""

import pytest
from scene import allow, deny, policy, trusts

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
    company.attach(getattr(company, level), deny("iam:ListRoles"))
    iam = world.iam(company.member)
    got = world.lab.attempt(iam.list_roles)
    assert (got.outcome, got.blocked_by) == ("ExplicitlyDenied", "scp")
    assert "with an explicit deny in a service control policy" in got.message
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


def test_rcp_takes_away_from_strangers_to_the_resource(world, company):
    role = world.role("r", trusts("*"), account=company.member)
    assert world.assume(world.lab.session(), role).succeeded
    everyone = deny("sts:AssumeRole", Principal="*")
    company.attach(company.root, everyone, kind=RCP)
    got = world.assume(world.lab.session(), role)
    assert (got.outcome, got.blocked_by) == ("ExplicitlyDenied", "rcp")
