"""Session policies, tags, source identity, MFA and the kinds of credentials (STS_FACTS 1, 2, 6)."""

import base64
import json
from datetime import timedelta
from hashlib import sha512

import pyotp
import pytest
from scene import allow, deny, policy, trusts

ACCOUNT = "111122223333"
ADMIN = f"arn:aws:iam::{ACCOUNT}:user/lab-admin"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ANY_IAM = allow(["iam:*", "s3:*", "sts:*"])


def trust(who, *actions, **conditions):
    """A trust statement that may give more than sts:AssumeRole."""
    statement = trusts(who) | {"Action": ["sts:AssumeRole", *actions]}
    return statement | ({"Condition": conditions} if conditions else {})


def session(world, outcome):
    assert outcome.succeeded, outcome
    return world.lab.session_from(outcome.response)


def refused(outcome, code, words, blocked_by=None):
    assert not outcome.succeeded and outcome.code == code, outcome
    assert words in outcome.message, outcome
    assert blocked_by in (None, outcome.blocked_by), outcome


class TestSessionPolicies:
    @pytest.fixture
    def role(self, world):
        return world.role("worker", trusts(ADMIN), permissions=[ANY_IAM])

    def test_inline_narrows(self, world, role):
        passed = policy(allow("iam:GetRole"))
        outcome = world.assume(world.lab.session(), role, Policy=passed)
        iam = session(world, outcome).client("iam")
        assert 0 < outcome.response["PackedPolicySize"] <= 100
        assert world.lab.attempt(iam.get_role, RoleName="worker").succeeded
        got = world.lab.attempt(iam.list_roles)
        assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "session")
        assert "because no session policy allows the iam:ListRoles action" in got.message

    def test_never_widens(self, world):
        role = world.role("narrow", trusts(ADMIN), permissions=[allow("iam:GetRole")])
        outcome = world.assume(world.lab.session(), role, Policy=policy(allow("*")))
        got = world.lab.attempt(session(world, outcome).client("iam").list_roles)
        assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "identity")

    def test_managed_are_one_union(self, world, role):
        iam = world.iam()
        own = iam.create_policy(PolicyName="own", PolicyDocument=policy(allow("iam:GetUser")))
        arns = [own["Policy"]["Arn"], "arn:aws:iam::aws:policy/IAMReadOnlyAccess"]
        arns = [{"arn": arn} for arn in arns]
        inline = policy(allow("s3:ListAllMyBuckets"))
        outcome = world.assume(world.lab.session(), role, PolicyArns=arns, Policy=inline)
        ses = session(world, outcome)
        assert world.lab.attempt(ses.client("iam").list_roles).succeeded
        assert world.lab.attempt(ses.client("s3").list_buckets).succeeded
        got = world.lab.attempt(ses.client("iam").create_user, UserName="x")
        assert got.blocked_by == "session"

    def test_explicit_deny(self, world, role):
        passed = policy(allow("*"), deny("iam:ListRoles"))
        ses = session(world, world.assume(world.lab.session(), role, Policy=passed))
        got = world.lab.attempt(ses.client("iam").list_roles)
        assert (got.outcome, got.blocked_by) == ("ExplicitlyDenied", "session")

    def test_none_passed_has_no_packed_size(self, world, role):
        outcome = world.assume(world.lab.session(), role)
        assert "PackedPolicySize" not in outcome.response

    BROKEN = [
        ({"Policy": "{"}, "MalformedPolicyDocument", "not in the valid JSON format"),
        ({"Policy": policy(trusts(ADMIN))}, "MalformedPolicyDocument", "principal"),
        ({"PolicyArns": [{"arn": f"arn:aws:iam::{ACCOUNT}:policy/nobody"}]}, "ValidationError", ""),
        ({"Policy": policy(allow("iam:GetRole")) + " " * 2048}, "ValidationError", "2048"),
    ]

    @pytest.mark.parametrize(("given", "code", "words"), BROKEN, ids=["json", "who", "arn", "big"])
    def test_broken(self, world, role, given, code, words):
        refused(world.assume(world.lab.session(), role, **given), code, words)

    def test_too_much_to_pack(self, world, role):
        tags = [{"Key": f"k{n}", "Value": sha512(b"%d" % n).hexdigest()} for n in range(40)]
        wide = world.role("tagged", trust(ADMIN, "sts:TagSession"))
        refused(
            world.assume(world.lab.session(), wide, Tags=tags), "PackedPolicyTooLarge", "allotted"
        )


class TestTags:
    def test_need_their_own_permission(self, world):
        role = world.role("plain", trusts(ADMIN))
        tags = [{"Key": "team", "Value": "blue"}]
        refused(
            world.assume(world.lab.session(), role, Tags=tags),
            "AccessDenied",
            f"is not authorized to perform: sts:TagSession on resource: {role}",
            "trust",
        )

    def test_become_principal_tags(self, world):
        team = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
        role = world.role(
            "tagged",
            trust(ADMIN, "sts:TagSession"),
            permissions=[allow("iam:ListRoles", Condition=team)],
            Tags=[{"Key": "team", "Value": "red"}],
        )
        plain = session(world, world.assume(world.lab.session(), role))
        assert world.lab.attempt(plain.client("iam").list_roles).blocked_by == "identity"
        tags = [{"Key": "Team", "Value": "blue"}]
        blue = session(world, world.assume(world.lab.session(), role, Tags=tags))
        assert world.lab.attempt(blue.client("iam").list_roles).succeeded

    def test_request_tags_and_keys_in_the_trust_policy(self, world):
        asked = {
            "StringEquals": {"aws:RequestTag/team": ["blue", "red"]},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
        }
        role = world.role("asked", trust(ADMIN, "sts:TagSession", **asked))

        def take(**tags):
            listed = [{"Key": key, "Value": value} for key, value in tags.items()]
            return world.assume(world.lab.session(), role, Tags=listed)

        assert take(team="blue").succeeded
        assert not take(team="green").allowed
        assert not take(team="blue", cost="1").allowed
        assert not world.assume(world.lab.session(), role).allowed

    def test_transitive_tags_travel_and_stay(self, world):
        first = world.role(
            "first", trust(ADMIN, "sts:TagSession"), permissions=[allow("sts:*"), allow("iam:*")]
        )
        second = world.role("second", trust(first, "sts:TagSession"), permissions=[ANY_IAM])
        deaf = world.role("deaf", trusts(first))
        tags = [{"Key": "team", "Value": "blue"}, {"Key": "cost", "Value": "9"}]
        one = session(
            world,
            world.assume(world.lab.session(), first, Tags=tags, TransitiveTagKeys=["team"]),
        )
        refused(world.assume(one, deaf), "AccessDenied", "sts:TagSession", "trust")
        clash = world.assume(one, second, Tags=[{"Key": "TEAM", "Value": "red"}])
        refused(clash, "InvalidParameterValue", "transitive tag key from the calling session")
        assert world.assume(one, second).succeeded
        last = world.lab.sessions()[-1]
        assert (dict(last.tags), last.transitive) == ({"team": "blue"}, {"team"})

    def test_role_tag_of_the_target(self, world):
        same = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
        blue = [{"Key": "team", "Value": "blue"}]
        mine = world.role("mine", trusts(ROOT), Tags=blue)
        other = world.role("other", trusts(ROOT), Tags=[{"Key": "team", "Value": "red"}])
        lea = world.user("lea", allow("sts:AssumeRole", Condition=same))
        world.iam().tag_user(UserName="lea", Tags=blue)
        assert world.assume(lea, mine).succeeded
        assert world.assume(lea, other).blocked_by == "identity"

    BROKEN = [
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "Duplicate tag keys"),
        ({"Tags": [{"Key": "a", "Value": "1"}], "TransitiveTagKeys": ["b"]}, "must be included"),
    ]

    @pytest.mark.parametrize(("given", "words"), BROKEN, ids=["twice", "stranger"])
    def test_broken(self, world, given, words):
        role = world.role("tagged", trust(ADMIN, "sts:TagSession"))
        got = world.assume(world.lab.session(), role, **given)
        refused(got, "InvalidParameterValue", words)

    def test_too_many(self, world):
        role = world.role("tagged", trust(ADMIN, "sts:TagSession"))
        tags = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
        got = world.assume(world.lab.session(), role, Tags=tags)
        refused(got, "ValidationError", "Member must have length less than or equal to 50")


class TestSourceIdentity:
    def test_needs_its_own_permission(self, world):
        role = world.role("plain", trusts(ADMIN))
        got = world.assume(world.lab.session(), role, SourceIdentity="lea")
        refused(got, "AccessDenied", f"perform: sts:SetSourceIdentity on resource: {role}", "trust")

    def test_set_once_and_inherited(self, world):
        first = world.role("first", trust(ADMIN, "sts:SetSourceIdentity"))
        second = world.role("second", trust(first, "sts:SetSourceIdentity"))
        deaf = world.role("deaf", trusts(first))
        got = world.assume(world.lab.session(), first, SourceIdentity="lea")
        assert got.response["SourceIdentity"] == "lea"
        one = session(world, got)
        refused(
            world.assume(one, second, SourceIdentity="mallory"),
            "ValidationError",
            "The source identity is already set for this assume role session",
        )
        refused(world.assume(one, deaf), "AccessDenied", "sts:SetSourceIdentity")
        again = world.assume(one, second, SourceIdentity="lea")
        assert again.response["SourceIdentity"] == "lea"
        assert world.assume(one, second).response["SourceIdentity"] == "lea"

    def test_can_be_demanded(self, world):
        whose = {"StringLike": {"sts:SourceIdentity": "lea*"}}
        role = world.role("strict", trust(ADMIN, "sts:SetSourceIdentity", **whose))
        refused(world.assume(world.lab.session(), role), "AccessDenied", "perform: sts:AssumeRole")
        assert not world.assume(world.lab.session(), role, SourceIdentity="bob").allowed
        assert world.assume(world.lab.session(), role, SourceIdentity="lea-1").succeeded


class Device:
    """A virtual MFA device of a user, as an app on a phone would hold it."""

    def __init__(self, world, user, account=None):
        self.lab, self.iam = world.lab, world.iam(account)
        made = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]
        self.serial, seed = made["SerialNumber"], made["Base32StringSeed"]
        self.totp = pyotp.TOTP(seed.decode() if isinstance(seed, bytes) else seed)
        self.user = user

    def code(self, step=0):
        return self.totp.at(self.lab.clock.now() + timedelta(seconds=30 * step))

    def enable(self, first=None, second=None):
        return self.lab.attempt(
            self.iam.enable_mfa_device,
            UserName=self.user,
            SerialNumber=self.serial,
            AuthenticationCode1=first or self.code(),
            AuthenticationCode2=second or self.code(1),
        )


class TestMfa:
    @pytest.fixture
    def lea(self, world):
        return world.user("lea", ANY_IAM)

    @pytest.fixture
    def device(self, world, lea):
        device = Device(world, "lea")
        assert device.enable().succeeded
        world.lab.clock.advance(seconds=90)
        return device

    @pytest.fixture
    def role(self, world, lea):
        fresh = {
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "NumericLessThan": {"aws:MultiFactorAuthAge": "60"},
        }
        return world.role("vault", trust(ROOT, **fresh), permissions=[allow("iam:ListRoles")])

    def test_enabling_wants_two_consecutive_codes(self, world, lea):
        device = Device(world, "lea")
        refused(device.enable(second=device.code()), "InvalidAuthenticationCode", "not valid")
        refused(device.enable("000000", "000001"), "InvalidAuthenticationCode", "not valid")
        assert device.enable().succeeded

    def test_opens_the_role(self, world, lea, device, role):
        refused(world.assume(lea, role), "AccessDenied", "perform: sts:AssumeRole", "trust")
        given = {"SerialNumber": device.serial, "TokenCode": device.code()}
        opened = world.assume(lea, role, **given)
        assert opened.succeeded
        # The session itself carries no MFA context (STS_FACTS 5.2).
        assert world.lab.sessions()[-1].mfa_at is None
        refused(world.assume(lea, role, **given), "AccessDenied", "invalid MFA one time pass code")

    def test_wrong_code_and_foreign_device(self, world, lea, device, role):
        wrong = f"{(int(device.code()) + 1) % 1_000_000:06}"
        got = world.assume(lea, role, SerialNumber=device.serial, TokenCode=wrong)
        refused(got, "AccessDenied", "invalid MFA one time pass code")
        bob = world.user("bob", ANY_IAM)
        got = world.assume(bob, role, SerialNumber=device.serial, TokenCode=device.code())
        refused(got, "AccessDenied", "verify your MFA serial number is valid")

    def test_session_token_carries_mfa_and_ages(self, world, lea, device, role):
        given = {"SerialNumber": device.serial, "TokenCode": device.code()}
        answer = lea.client("sts").get_session_token(**given)
        proven = world.lab.session_from(answer)
        assert world.assume(proven, role).succeeded
        assert world.lab.attempt(proven.client("iam").list_roles).succeeded
        world.lab.clock.advance(seconds=61)
        assert world.assume(proven, role).blocked_by == "trust"


class TestCredentialKinds:
    @pytest.fixture
    def lea(self, world):
        return world.user("lea", ANY_IAM)

    def test_session_token_is_the_user(self, world, lea):
        answer = lea.client("sts").get_session_token()
        short = world.lab.session_from(answer)
        who = short.client("sts").get_caller_identity()
        del who["ResponseMetadata"]
        mine = lea.client("sts").get_caller_identity()
        assert {k: mine[k] for k in who} == who
        life = answer["Credentials"]["Expiration"] - world.lab.clock.now()
        assert timedelta(hours=11, minutes=59) < life <= timedelta(hours=12)

    def test_session_token_without_mfa_may_not_call_iam(self, world, lea):
        short = world.lab.session_from(lea.client("sts").get_session_token())
        got = world.lab.attempt(short.client("iam").list_roles)
        refused(got, "InvalidClientTokenId", "security token included in the request is invalid")
        assert world.lab.attempt(short.client("s3").list_buckets).succeeded

    def test_session_token_begets_no_token_but_a_role(self, world, lea):
        short = world.lab.session_from(lea.client("sts").get_session_token())
        sts = short.client("sts")
        refused(
            world.lab.attempt(sts.get_session_token),
            "AccessDenied",
            "Cannot call GetSessionToken with session credentials",
        )
        refused(
            world.lab.attempt(sts.get_federation_token, Name="app"),
            "AccessDenied",
            "Cannot call GetFederationToken with session credentials",
        )
        role = world.role("r", trusts(ROOT), MaxSessionDuration=7200)
        assert world.assume(short, role).succeeded
        got = world.assume(short, role, DurationSeconds=7200)
        refused(got, "ValidationError", "1 hour session limit for roles assumed by role chaining")

    def test_session_of_a_deleted_user_ends(self, world, lea):
        short = world.lab.session_from(lea.client("sts").get_session_token())
        iam = world.iam()
        iam.delete_user_policy(UserName="lea", PolicyName="inline")
        key = lea.get_credentials().access_key
        iam.delete_access_key(UserName="lea", AccessKeyId=key)
        assert world.lab.attempt(short.client("sts").get_caller_identity).succeeded
        iam.delete_user(UserName="lea")
        got = world.lab.attempt(short.client("sts").get_caller_identity)
        assert got.code == "InvalidClientTokenId"

    def test_federated_user(self, world, lea):
        passed = policy(allow("s3:ListAllMyBuckets"))
        answer = lea.client("sts").get_federation_token(Name="app", Policy=passed)
        assert answer["FederatedUser"] == {
            "FederatedUserId": f"{ACCOUNT}:app",
            "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/app",
        }
        app = world.lab.session_from(answer)
        who = app.client("sts").get_caller_identity()
        assert (who["UserId"], who["Arn"]) == tuple(answer["FederatedUser"].values())
        assert world.lab.attempt(app.client("s3").list_buckets).succeeded
        got = world.lab.attempt(app.client("s3").create_bucket, Bucket="b-1")
        assert got.blocked_by == "session"
        assert world.lab.attempt(app.client("iam").list_roles).code == "InvalidClientTokenId"
        role = world.role("r", trusts(ROOT))
        assert world.assume(app, role).code == "InvalidClientTokenId"

    def test_federated_user_without_policy_can_do_nothing(self, world, lea):
        app = world.lab.session_from(lea.client("sts").get_federation_token(Name="app"))
        got = world.lab.attempt(app.client("s3").list_buckets)
        assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "session")

    def test_federation_token_needs_permission(self, world):
        bob = world.user("bob", allow("s3:*"))
        got = world.lab.attempt(bob.client("sts").get_federation_token, Name="app")
        refused(got, "AccessDenied", "sts:GetFederationToken", "identity")
        assert world.lab.attempt(bob.client("sts").get_session_token).succeeded

    def test_role_sessions_may_not_beget_tokens(self, world):
        role = world.role("r", trusts(ADMIN), permissions=[allow("*")])
        ses = session(world, world.assume(world.lab.session(), role))
        got = world.lab.attempt(ses.client("sts").get_session_token)
        refused(got, "AccessDenied", "Cannot call GetSessionToken with session credentials")

    def test_root(self, world):
        root = world.lab.root_session()
        who = root.client("sts").get_caller_identity()
        assert (who["Arn"], who["UserId"]) == (ROOT, ACCOUNT)
        assert world.lab.attempt(root.client("iam").list_roles).succeeded
        role = world.role("r", trusts("*"))
        refused(
            world.assume(root, role), "AccessDenied", "Roles may not be assumed by root accounts."
        )
        answer = root.client("sts").get_session_token(DurationSeconds=43200)
        life = answer["Credentials"]["Expiration"] - world.lab.clock.now()
        assert timedelta(minutes=59) < life <= timedelta(hours=1)

    def test_key_info(self, world, lea):
        sts = lea.client("sts")
        other = world.user("far", account="444455556666")
        keys = [lea, other, world.lab.root_session("444455556666")]
        ids = [s.get_credentials().access_key for s in keys]
        ids.append(sts.get_session_token()["Credentials"]["AccessKeyId"])
        found = [sts.get_access_key_info(AccessKeyId=key)["Account"] for key in ids]
        assert found == [ACCOUNT, "444455556666", "444455556666", ACCOUNT]
        far = sts.get_session_token()["Credentials"]["AccessKeyId"][:-5] + "ABCDE"
        assert sts.get_access_key_info(AccessKeyId=far)["Account"] == ACCOUNT  # none of this lab
        for old in ("AKIA" + "A" * 16, "AROAQ" + "A" * 15, "ASIAQ01AAAAAAAAAAAAA"):
            got = world.lab.attempt(sts.get_access_key_info, AccessKeyId=old)
            refused(got, "ValidationError", "Invalid Access Key ID")

    def test_key_ids_hold_their_account(self, world, lea):
        """Read by the published way: 48 bits of base32, a mask, seven bits to the right."""

        def account_of(key_id):
            start = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
            return f"{(start & 0x7FFFFFFFFF80) >> 7:012d}"

        for account in ("000000000001", "444455556666", "999999999999"):
            sessions = [world.lab.session(account), world.lab.root_session(account)]
            ids = [s.get_credentials().access_key for s in sessions]
            ids += [
                s.client("sts").get_session_token()["Credentials"]["AccessKeyId"] for s in sessions
            ]
            role = world.role("r", trusts("*"), account=account)
            ids.append(world.assume(sessions[0], role).response["Credentials"]["AccessKeyId"])
            assert [account_of(key_id) for key_id in ids] == [account] * 5

    def test_encoded_message(self, world):
        bob = world.user("bob", allow("sts:DecodeAuthorizationMessage"), deny("ec2:*"))
        got = world.lab.attempt(bob.client("ec2").describe_instances)
        assert (got.code, got.outcome) == ("UnauthorizedOperation", "ExplicitlyDenied")
        blob = got.message.split("Encoded authorization failure message: ")[1]
        sts = bob.client("sts")
        told = json.loads(sts.decode_authorization_message(EncodedMessage=blob)["DecodedMessage"])
        assert told["explicitDeny"] and not told["allowed"]
        assert told["context"]["action"] == "ec2:DescribeInstances"
        assert told["context"]["principal"]["arn"].endswith("user/bob")
        got = world.lab.attempt(sts.decode_authorization_message, EncodedMessage=blob[:-1])
        assert got.code == "InvalidAuthorizationMessageException"


class TestEndings:
    def test_revoking_by_issue_time(self, world):
        role = world.role("r", trusts(ADMIN), permissions=[allow("iam:*")])
        old = session(world, world.assume(world.lab.session(), role))
        world.lab.clock.advance(seconds=60)
        now = f"{world.lab.clock.now():%Y-%m-%dT%H:%M:%SZ}"
        revoke = deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": now}})
        world.iam().put_role_policy(
            RoleName="r", PolicyName="AWSRevokeOlderSessions", PolicyDocument=policy(revoke)
        )
        assert world.lab.attempt(old.client("iam").list_roles).outcome == "ExplicitlyDenied"
        world.lab.clock.advance(seconds=1)
        new = session(world, world.assume(world.lab.session(), role))
        assert world.lab.attempt(new.client("iam").list_roles).succeeded

    def test_trust_policy_never_ends_a_session(self, world):
        role = world.role("r", trusts(ADMIN), permissions=[allow("iam:*")])
        ses = session(world, world.assume(world.lab.session(), role))
        document = policy(trusts("444455556666"))
        world.iam().update_assume_role_policy(RoleName="r", PolicyDocument=document)
        assert world.lab.attempt(ses.client("iam").list_roles).succeeded
        assert not world.assume(world.lab.session(), role).allowed

    def test_deleted_principal_stays_as_unique_id(self, world):
        lea = world.user("lea")
        who = lea.client("sts").get_caller_identity()
        role = world.role("r", trusts(who["Arn"]))
        assert world.assume(lea, role).succeeded
        iam = world.iam()
        iam.delete_access_key(UserName="lea", AccessKeyId=lea.get_credentials().access_key)
        iam.delete_user(UserName="lea")
        namesake = world.user("lea")
        assert world.assume(namesake, role).blocked_by == "trust"
        document = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
        assert document["Statement"][0]["Principal"] == {"AWS": who["UserId"]}


class TestWritingPolicies:
    def test_principals_must_exist(self, world):
        ghost = f"arn:aws:iam::{ACCOUNT}:user/ghost"
        for who in (ghost, ghost.replace("user", "role"), "AIDAAAAAAAAAAAAAAAAAA"):
            call = world.iam().create_role
            document = policy(trusts(who))
            got = world.lab.attempt(call, RoleName="r", AssumeRolePolicyDocument=document)
            refused(got, "MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{who}"')

    def test_trust_quota(self, world):
        many = [trusts(ADMIN) | {"Sid": f"number{n:05}"} for n in range(20)]
        call = world.iam().create_role
        got = world.lab.attempt(call, RoleName="r", AssumeRolePolicyDocument=policy(*many))
        refused(got, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")

    def test_inline_quota_counts_all_policies(self, world):
        world.user("lea")
        iam = world.iam()
        half = policy(allow("s3:GetObject", [f"arn:aws:s3:::bucket-{n}/*" for n in range(40)]))
        put = {"UserName": "lea", "PolicyDocument": half}
        assert world.lab.attempt(iam.put_user_policy, PolicyName="one", **put).succeeded
        assert world.lab.attempt(iam.put_user_policy, PolicyName="one", **put).succeeded
        got = world.lab.attempt(iam.put_user_policy, PolicyName="two", **put)
        refused(got, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user lea")

    @pytest.mark.parametrize("seconds", [3599, 43201])
    def test_max_session_duration(self, world, seconds):
        role = {"RoleName": "r", "AssumeRolePolicyDocument": policy(trusts(ADMIN))}
        got = world.lab.attempt(world.iam().create_role, MaxSessionDuration=seconds, **role)
        assert not got.succeeded

    def test_boundary_of_a_user(self, world):
        iam = world.iam()
        cap = iam.create_policy(PolicyName="cap", PolicyDocument=policy(allow("s3:*")))
        arn = cap["Policy"]["Arn"]
        lea = world.user("lea", ANY_IAM)
        assert world.lab.attempt(lea.client("iam").list_roles).succeeded
        iam.put_user_permissions_boundary(UserName="lea", PermissionsBoundary=arn)
        assert iam.get_user(UserName="lea")["User"]["PermissionsBoundary"] == {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": arn,
        }
        got = world.lab.attempt(lea.client("iam").list_roles)
        assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "boundary")
        assert world.lab.attempt(lea.client("s3").list_buckets).succeeded
        iam.delete_user_permissions_boundary(UserName="lea")
        assert world.lab.attempt(lea.client("iam").list_roles).succeeded

    def test_boundary_at_birth_and_demanded(self, world):
        iam = world.iam()
        cap = iam.create_policy(PolicyName="cap", PolicyDocument=policy(allow("s3:*")))
        arn = cap["Policy"]["Arn"]
        only = {"StringEquals": {"iam:PermissionsBoundary": arn}}
        boss = world.user("boss", allow("iam:CreateUser", Condition=only))
        create = boss.client("iam").create_user
        assert not world.lab.attempt(create, UserName="kid").allowed
        assert world.lab.attempt(create, UserName="kid", PermissionsBoundary=arn).succeeded
        made = iam.get_user(UserName="kid")["User"]
        assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
        got = world.lab.attempt(iam.create_user, UserName="x", PermissionsBoundary=arn + "x")
        refused(got, "NoSuchEntity", "does not exist")

    def test_only_bounded_roles_may_be_given_policies(self, world):
        iam = world.iam()
        cap = iam.create_policy(PolicyName="cap", PolicyDocument=policy(allow("s3:*")))
        arn = cap["Policy"]["Arn"]
        world.role("bounded", trusts(ADMIN), PermissionsBoundary=arn)
        world.role("free", trusts(ADMIN))
        only = {"StringEquals": {"iam:PermissionsBoundary": arn}}
        boss = world.user("boss", allow("iam:PutRolePolicy", Condition=only)).client("iam")
        grant = {"PolicyName": "p", "PolicyDocument": policy(allow("s3:*"))}
        put = boss.put_role_policy
        assert world.lab.attempt(put, RoleName="bounded", **grant).succeeded
        assert world.lab.attempt(put, RoleName="free", **grant).blocked_by == "identity"

    def test_names_differ_by_more_than_case(self, world):
        world.role("Case", trusts(ADMIN))
        world.user("Lea")
        iam = world.iam()
        document = policy(trusts(ADMIN))
        got = world.lab.attempt(iam.create_role, RoleName="CASE", AssumeRolePolicyDocument=document)
        refused(got, "EntityAlreadyExists", "Role with name CASE already exists.")
        got = world.lab.attempt(iam.create_user, UserName="lea")
        refused(got, "EntityAlreadyExists", "User with name lea already exists.")

    def test_who_is_missing_is_named(self, world):
        iam = world.iam()
        got = world.lab.attempt(iam.get_role, RoleName="nobody")
        refused(got, "NoSuchEntity", "The role with name nobody cannot be found.")
        grant = {"PolicyName": "p", "PolicyDocument": policy(allow("s3:*"))}
        got = world.lab.attempt(iam.put_user_policy, UserName="nobody", **grant)
        refused(got, "NoSuchEntity", "The user with name nobody cannot be found.")

    @pytest.mark.parametrize("kind", ["oidc", "saml"])
    def test_identity_providers_must_exist(self, world, kind):
        who = f"arn:aws:iam::{ACCOUNT}:{kind}-provider/nobody.example.com"
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": who},
            "Action": "sts:AssumeRoleWithSAML"
            if kind == "saml"
            else "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"nobody.example.com:sub": "x"}},
        }
        call = world.iam().create_role
        got = world.lab.attempt(call, RoleName="r", AssumeRolePolicyDocument=policy(statement))
        refused(got, "MalformedPolicyDocument", f'"FEDERATED":"{who}"')

    def test_the_account_of_a_deleted_key(self, world):
        iam = world.iam()
        key = world.user("lea").get_credentials().access_key
        iam.delete_access_key(UserName="lea", AccessKeyId=key)
        sts = world.lab.client("sts")
        assert sts.get_access_key_info(AccessKeyId=key)["Account"] == ACCOUNT

    def test_a_user_goes_last(self, world):
        key = world.user("lea").get_credentials().access_key
        iam = world.iam()
        got = world.lab.attempt(iam.delete_user, UserName="lea")
        refused(got, "DeleteConflict", "must delete access keys first")
        iam.delete_access_key(UserName="lea", AccessKeyId=key)
        assert world.lab.attempt(iam.delete_user, UserName="lea").succeeded

    def test_trust_policies_need_no_version(self, world):
        world.role("r", trusts(ADMIN))
        statement = trusts(ADMIN) | {"Action": "sts:AssumeRole*"}
        text = json.dumps({"Statement": [statement]})
        call = world.iam().update_assume_role_policy
        assert world.lab.attempt(call, RoleName="r", PolicyDocument=text).succeeded


def test_a_policy_goes_when_nobody_has_it_and_one_version_is_left(lab):
    """moto 5.2.5 deletes it all the same, and whoever has it can never be deleted."""
    iam = lab.client("iam")
    text = policy(allow("s3:GetObject"))
    which = {
        "PolicyArn": iam.create_policy(PolicyName="limit", PolicyDocument=text)["Policy"]["Arn"]
    }
    holders = {"User": iam.create_user, "Group": iam.create_group}
    for kind, create in holders.items():
        create(**{f"{kind}Name": "a"})
        getattr(iam, f"attach_{kind.lower()}_policy")(**{f"{kind}Name": "a"}, **which)
    iam.create_policy_version(PolicyDocument=text, **which)
    for kind in holders:
        got = lab.attempt(iam.delete_policy, **which)
        assert (got.code, "attached to entities" in got.message) == ("DeleteConflict", True)
        getattr(iam, f"detach_{kind.lower()}_policy")(**{f"{kind}Name": "a"}, **which)
    got = lab.attempt(iam.delete_policy, **which)
    assert (got.code, "more than one version" in got.message) == ("DeleteConflict", True)
    iam.delete_policy_version(VersionId="v2", **which)
    iam.delete_policy(**which)
    assert iam.list_policies(Scope="Local")["Policies"] == []
