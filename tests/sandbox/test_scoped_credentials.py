"""GetScopedCredentials: the same session with fewer rights, for a shorter time (AWS_RECORDED G)."""

from base64 import b32encode
from datetime import timedelta
from hashlib import sha512

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.endpoint import URLLib3Session
from scene import World, allow, deny, policy, trusts

from labhelpers import open_lab

ACCOUNT = "111122223333"
ADMIN = f"arn:aws:iam::{ACCOUNT}:user/lab-admin"
SCOPED = "sts:GetScopedCredentials"
LISTS = allow(["iam:ListRoles", "iam:ListUsers", "iam:ListGroups", SCOPED])


@pytest.fixture(scope="module")
def scene():
    with open_lab("sandbox") as lab:
        yield Scene(lab)


class Scene(World):
    """A role that may list roles, users and groups, and read nothing else."""

    def __init__(self, lab):
        super().__init__(lab)
        tagging = trusts(ADMIN) | {
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
        }
        self.iam().enable_outbound_web_identity_federation()
        self.lister = self.role("lister", tagging, permissions=[LISTS])

    def session(self, **more):
        return self.lab.session_from(self.assume(self.lab.session(), self.lister, **more).response)

    def scoped(self, session, *statements, **more):
        """The Outcome of one more layer."""
        if statements:
            more["Policy"] = policy(*statements)
        return self.lab.attempt(session.client("sts").get_scoped_credentials, **more)

    def narrowed(self, session, *statements, **more):
        return self.lab.session_from(self.scoped(session, *statements, **more).response)

    def may(self, session):
        """What of the three lists the session may see."""
        iam, attempt = session.client("iam"), self.lab.attempt
        lists = {"roles": iam.list_roles, "users": iam.list_users, "groups": iam.list_groups}
        return {name for name, call in lists.items() if attempt(call).succeeded}


class TestRights:
    def test_each_layer_takes_away(self, scene):
        whole = scene.session()
        first = scene.narrowed(whole, allow(["iam:ListRoles", "iam:ListUsers", SCOPED]))
        second = scene.narrowed(first, allow(["iam:ListRoles", "iam:ListGroups", SCOPED]))
        third = scene.narrowed(second, allow("iam:*"), deny("iam:ListRoles"))
        shown = [scene.may(session) for session in (whole, first, second, third)]
        assert shown == [{"roles", "users", "groups"}, {"roles", "users"}, {"roles"}, set()]

    def test_never_widens(self, scene):
        wide = scene.narrowed(scene.session(), allow("*"))
        got = scene.lab.attempt(wide.client("iam").list_policies)
        assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "identity")

    def test_the_sessions_own_policy_stays(self, scene):
        passed = policy(allow(["iam:ListUsers", SCOPED]))
        narrow = scene.narrowed(scene.session(Policy=passed), allow("iam:*"))
        assert scene.may(narrow) == {"users"}

    def test_the_layer_that_refuses_is_named(self, scene):
        first = scene.narrowed(scene.session(), allow("*"))
        second = scene.narrowed(first, allow("iam:ListRoles"), allow("s3:*"))
        got = scene.lab.attempt(second.client("iam").list_users)
        assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "session")
        assert "because no session policy allows the iam:ListUsers action" in got.message
        assert "scope-down policy 2 does not allow iam:ListUsers" in got.reason
        assert "credentials whose scope-down policy 2 allows iam:ListUsers" in got.reason
        steps = {step.name: step.detail for step in got.explanation.decision.steps}
        assert steps["session"] == "Scope-down policy 2 does not allow it."

    def test_a_deny_names_its_layer(self, scene):
        first = scene.narrowed(scene.session(), allow("*"), deny("iam:ListUsers"))
        second = scene.narrowed(first, allow("iam:*"))
        got = scene.lab.attempt(second.client("iam").list_users)
        assert (got.outcome, got.blocked_by) == ("ExplicitlyDenied", "session")
        assert "of scope-down policy 1 matches (Deny)" in got.reason

    def test_no_bucket_policy_steps_over_a_layer(self, scene):
        """A session's ARN in Principal steps over its session policy; a layer cuts that down."""
        s3 = scene.bucket("scoped-reports")
        s3.put_object(Bucket="scoped-reports", Key="q1", Body=b"1")
        passed = policy(allow(["iam:ListRoles", SCOPED]))
        whole = scene.session(Policy=passed)
        by_name = trusts(whole.client("sts").get_caller_identity()["Arn"]) | {
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::scoped-reports/*",
        }
        s3.put_bucket_policy(Bucket="scoped-reports", Policy=policy(by_name))
        reads = {
            name: scene.lab.attempt(
                session.client("s3").get_object, Bucket="scoped-reports", Key="q1"
            )
            for name, session in (
                ("whole", whole),
                ("silent", scene.narrowed(whole, allow("iam:*"))),
                ("reads", scene.narrowed(whole, allow("s3:GetObject"))),
            )
        }
        assert [got.outcome for got in reads.values()] == ["Allowed", "ImplicitlyDenied", "Allowed"]
        assert reads["silent"].blocked_by == "session"

    def test_roots_own_session_is_narrowed_as_well(self, scene):
        token = scene.lab.root_session().client("sts").get_session_token()
        narrow = scene.narrowed(scene.lab.session_from(token), allow("iam:ListUsers"))
        assert scene.may(narrow) == {"users"}

    def test_entering_another_role_asks_the_layers_too(self, scene):
        trusted = trusts(f"arn:aws:iam::{ACCOUNT}:role/lister")
        there = scene.role("there", trusted, account="444455556666")
        mover = scene.role("mover", trusts(ADMIN), permissions=[allow(["sts:*"])])
        whole = scene.lab.session_from(scene.assume(scene.lab.session(), mover).response)
        scene.iam("444455556666").update_assume_role_policy(
            RoleName="there", PolicyDocument=policy(trusts(mover))
        )
        assert scene.assume(whole, there).succeeded
        got = scene.assume(scene.narrowed(whole, allow(SCOPED)), there)
        assert (got.code, got.blocked_by) == ("AccessDenied", "session")

    def test_a_federated_user_without_policy_gains_nothing(self, scene):
        lea = scene.user("lea", allow("*"))
        answer = lea.client("sts").get_federation_token(Name="guest")
        guest = scene.lab.session_from(answer)
        got = scene.scoped(guest, allow("*"))
        assert (got.code, got.blocked_by) == ("AccessDenied", "session")

    def test_a_federated_user_may_narrow_itself(self, scene):
        kim = scene.user("kim", allow("*"))
        passed = policy(allow(["s3:ListAllMyBuckets", "ec2:DescribeRegions", SCOPED]))
        guest = scene.lab.session_from(
            kim.client("sts").get_federation_token(Name="guest", Policy=passed)
        )
        narrow = scene.narrowed(guest, allow("ec2:DescribeRegions"))
        assert narrow.client("sts").get_caller_identity()["Arn"].endswith("federated-user/guest")
        got = scene.lab.attempt(narrow.client("s3").list_buckets)
        assert got.blocked_by == "session"


class TestIdentity:
    def test_stays(self, scene):
        tags = [{"Key": "team", "Value": "blue"}]
        whole = scene.session(Tags=tags, SourceIdentity="alice")
        answer = scene.scoped(whole, allow("*"), ScopedSessionDescription="for the agent").response
        before, after = (
            session.client("sts").get_caller_identity()
            for session in (whole, scene.lab.session_from(answer))
        )
        shown = ("UserId", "Account", "Arn")
        assert [before[name] for name in shown] == [after[name] for name in shown]
        assert answer["SessionInfo"] == {
            "ScopedSessionId": after["UserId"],
            "Arn": after["Arn"],
        }
        assert answer["SourceIdentity"] == "alice"
        held = scene.lab.sessions()[-1]
        assert held.tags == {"team": "blue"} and held.issued == scene.lab.sessions()[-2].issued

    def test_policies_are_counted_and_times_are_not(self, scene):
        counts, session = [], scene.session()
        for more in ({"Policy": policy(allow("*"))}, {"DurationSeconds": 600}):
            answer = scene.scoped(session, **more).response
            counts.append(answer["ScopedPoliciesCount"])
            session = scene.lab.session_from(answer)
        assert counts == [1, 1]
        assert (
            scene.scoped(scene.session(), DurationSeconds=600).response["ScopedPoliciesCount"] == 0
        )

    def test_a_fourth_layer_is_denied(self, scene):
        session = scene.session()
        for _ in range(3):
            session = scene.narrowed(session, allow("*"))
        got = scene.scoped(session, allow("*"))
        assert (got.code, got.blocked_by) == ("AccessDenied", "request")
        assert scene.scoped(session, DurationSeconds=60).response["ScopedPoliciesCount"] == 3

    def test_the_trail_tells_why(self, scene):
        whole = scene.session(SourceIdentity="alice")
        document = policy(allow("*"))
        scene.scoped(whole, Policy=document, ScopedSessionDescription="nightly report, job 7")
        event = scene.lab.trail[-1]
        assert (event["eventName"], event["readOnly"]) == ("GetScopedCredentials", False)
        assert event["requestParameters"] == {
            "policy": document,
            "scopedSessionDescription": "nightly report, job 7",
        }
        said = event["responseElements"]
        assert said["scopedPoliciesCount"] == 1 and "secretAccessKey" not in said["credentials"]
        assert event["userIdentity"]["sessionContext"]["sourceIdentity"] == "alice"


class TestTime:
    def test_without_a_duration_it_ends_with_its_session(self, scene):
        whole = scene.assume(scene.lab.session(), scene.lister).response
        got = scene.scoped(scene.lab.session_from(whole), allow("*")).response
        assert got["Credentials"]["Expiration"] == whole["Credentials"]["Expiration"]

    @pytest.mark.parametrize("seconds", [1, 899, 3590])
    def test_one_second_is_the_shortest(self, scene, seconds):
        got = scene.scoped(scene.session(), DurationSeconds=seconds).response
        left = got["Credentials"]["Expiration"] - scene.lab.clock.now()
        assert timedelta(seconds=seconds - 3) < left <= timedelta(seconds=seconds)

    def test_more_than_is_left(self, scene):
        got = scene.scoped(scene.session(), DurationSeconds=3601)
        assert got.code == "InsufficientSessionLifetime"
        assert (
            got.error["ResponseMetadata"]["HTTPStatusCode"] == 400 if hasattr(got, "error") else 1
        )

    def test_it_expires(self, scene):
        short = scene.narrowed(scene.session(), DurationSeconds=60)
        token = {"Audience": ["x"], "SigningAlgorithm": "RS256", "DurationSeconds": 300}
        scene.lab.clock.advance(seconds=61)
        assert scene.lab.attempt(short.client("iam").list_roles).code == "ExpiredToken"
        assert scene.lab.attempt(short.client("sts").get_web_identity_token, **token).code == (
            "ExpiredToken"
        )

    def test_tokens_end_with_the_scoped_session(self, scene):
        role = scene.role("tokens", trusts(ADMIN), permissions=[allow("sts:*")])
        whole = scene.lab.session_from(scene.assume(scene.lab.session(), role).response)
        sts = scene.narrowed(whole, DurationSeconds=120).client("sts")
        asked = {"Audience": ["x"], "SigningAlgorithm": "RS256"}
        got = scene.lab.attempt(sts.get_web_identity_token, **asked, DurationSeconds=300)
        assert got.code == "SessionDurationEscalationException"
        assert sts.get_web_identity_token(**asked, DurationSeconds=60)["WebIdentityToken"]


class TestRefusals:
    BROKEN = [
        ({}, "ValidationError", "At least one of Policy and DurationSeconds"),
        ({"ScopedSessionDescription": "x y"}, "ValidationError", "At least one of"),
        ({"DurationSeconds": 129601}, "ValidationError", "129600"),
        ({"Policy": "{"}, "MalformedPolicyDocument", "JSON"),
        ({"Policy": policy(trusts(ADMIN))}, "MalformedPolicyDocument", "principal"),
        ({"Policy": policy(allow("*")) + " " * 2048}, "ValidationError", "2048"),
        ({"DurationSeconds": 60, "ScopedSessionDescription": "x" * 257}, "ValidationError", "256"),
        ({"DurationSeconds": 60, "MinimumSessionTokenSize": 4097}, "ValidationError", "4096"),
    ]

    @pytest.mark.parametrize(("given", "code", "words"), BROKEN, ids=range(8))
    def test_broken(self, scene, given, code, words):
        got = scene.scoped(scene.session(), **given)
        assert got.code == code and words in got.message, got

    def test_layers_share_the_tokens_room(self, scene):
        def wide(seed):
            noise = [sha512(seed + bytes([n])).digest() for n in range(16)]
            return allow([f"s3:{b32encode(one)[:103].decode()}" for one in noise] + [SCOPED])

        session, codes = scene.session(), []
        for seed in (b"a", b"b", b"c"):
            got = scene.scoped(session, wide(seed))
            codes.append(got.code if not got.succeeded else "")
            if got.succeeded:
                session = scene.lab.session_from(got.response)
        assert codes[0] == "" and codes[-1] == "PackedPolicyTooLarge"
        assert "bytes exceeds the maximum of 4096 bytes" in got.message

    @pytest.mark.parametrize("who", ["user", "root"])
    def test_long_term_keys(self, scene, who):
        lab = scene.lab
        session = lab.session() if who == "user" else lab.root_session()
        got = scene.scoped(session, DurationSeconds=60)
        assert got.code == "InvalidSubjectCredentials" and "GetSessionToken" in got.reason

    def test_it_wants_its_own_permission(self, scene):
        role = scene.role("mute", trusts(ADMIN), permissions=[allow("iam:*")])
        session = scene.lab.session_from(scene.assume(scene.lab.session(), role).response)
        got = scene.scoped(session, DurationSeconds=60)
        assert (got.code, got.blocked_by) == ("AccessDenied", "identity")
        assert got.message.endswith(
            "is not authorized to perform: sts:GetScopedCredentials because no identity-based "
            "policy allows the sts:GetScopedCredentials action"
        )

    def test_what_a_session_token_may_ask_sts(self, scene):
        sts = scene.lab.session_from(scene.lab.client("sts").get_session_token()).client("sts")
        asked = {"Audience": ["x"], "SigningAlgorithm": "RS256"}
        assert scene.lab.attempt(sts.get_scoped_credentials, DurationSeconds=1).succeeded
        assert scene.lab.attempt(sts.get_web_identity_token, **asked).succeeded
        key = "AKIAQQQQQQQQQQQQQQQQ"
        assert not scene.lab.attempt(sts.get_access_key_info, AccessKeyId=key).succeeded

    @pytest.mark.parametrize("host", ["sts.amazonaws.com", "sts.us-east-1.amazonaws.com"])
    def test_not_on_the_global_endpoint(self, scene, host):
        form = "Action=GetScopedCredentials&Version=2011-06-15&DurationSeconds=60"
        request = AWSRequest("POST", scene.lab.endpoint_url, data=form, headers={"Host": host})
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        keys = scene.session().get_credentials().get_frozen_credentials()
        SigV4Auth(keys, "sts", "us-east-1").add_auth(request)
        answer = URLLib3Session().send(request.prepare())
        refused = host == "sts.amazonaws.com"
        assert answer.status_code == (400 if refused else 200), answer.text
        assert ("InvalidAction" in answer.text) == refused


def test_the_new_actions_are_known_to_lint():
    from labhelpers.policy import lint

    known = [SCOPED, "sts:SetWebIdentityTokenScope"]
    assert not lint(policy(allow(known)), "identity")
    mode = {"StringEquals": {"sts:SubjectMode": "AWSIdentity"}}
    assert not lint(policy(allow("sts:GetWebIdentityToken", Condition=mode)), "identity")
    scope = {"ForAllValues:StringEquals": {"sts:IdentityTokenScope": ["read"]}}
    found = lint(policy(allow("sts:SetWebIdentityTokenScope", Condition=scope)), "identity")
    assert "unknown-key" not in [f.code for f in found]
    kinds = [f.code for f in lint(policy(allow("sts:GetScopedCredential")), "identity")]
    assert kinds == ["unknown-action"]
