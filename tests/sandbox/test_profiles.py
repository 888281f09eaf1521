"""botocore's own ways to a role, unmodified: profiles, refresh, and the helper library.

Each runs in a child process that knows the sandbox by AWS_ENDPOINT_URL only.
"""

import json
import os
import subprocess
import sys

import pytest
from scene import allow, policy, trusts

ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"

WHO = """
import boto3, json
session = boto3.Session()
print(json.dumps(session.client("sts").get_caller_identity()["Arn"]))
"""


def child(world, tmp_path, config, code=WHO, credentials="", **more):
    (tmp_path / "config").write_text(config)
    (tmp_path / "credentials").write_text(credentials)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environ = kept | {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ENDPOINT_URL": world.lab.endpoint_url,
        "AWS_DEFAULT_REGION": world.lab.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }
    run = [sys.executable, "-c", code]
    return subprocess.run(run, env=environ, capture_output=True, text=True, timeout=60)


@pytest.fixture
def lea(world):
    """Lea's credentials file; she may assume roles."""
    keys = world.user("lea", allow("sts:AssumeRole")).get_credentials()
    return (
        f"[lea]\naws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
    )


def profile(role, **more):
    lines = [f"role_arn = {role}", *(f"{name} = {value}" for name, value in more.items())]
    return "[profile work]\nsource_profile = lea\n" + "\n".join(lines) + "\n"


def test_a_profile_with_role_external_id_and_duration(world, tmp_path, lea):
    closed = trusts(ROOT) | {"Condition": {"StringEquals": {"sts:ExternalId": "42-lab"}}}
    role = world.role("work", closed, MaxSessionDuration=7200)
    config = profile(role, external_id="42-lab", duration_seconds=7200, role_session_name="lea-1")
    done = child(world, tmp_path, config, credentials=lea, AWS_PROFILE="work")
    assert json.loads(done.stdout) == f"arn:aws:sts::{ACCOUNT}:assumed-role/work/lea-1", done.stderr
    session = world.lab.sessions()[-1]
    assert (session.expires - session.issued).total_seconds() == 7200
    wrong = profile(role, external_id="43-lab")
    done = child(world, tmp_path, wrong, credentials=lea, AWS_PROFILE="work")
    assert done.returncode and "AccessDenied" in done.stderr


def test_a_profile_chain_is_capped_at_an_hour(world, tmp_path, lea):
    first = world.role("first", trusts(ROOT), permissions=[allow("sts:AssumeRole")])
    second = world.role("second", trusts(ROOT), MaxSessionDuration=7200)
    chain = profile(first).replace("profile work", "profile first")
    chain += profile(second, duration_seconds=7200).replace("= lea", "= first")
    done = child(world, tmp_path, chain, credentials=lea, AWS_PROFILE="work")
    assert "1 hour session limit for roles assumed by role chaining" in done.stderr


def test_an_mfa_profile_asks_for_the_code(world, tmp_path, lea):
    from test_sessions import Device

    proven = trusts(ROOT) | {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    role = world.role("vault", proven)
    device = Device(world, "lea")
    assert device.enable().succeeded
    world.lab.clock.advance(seconds=90)
    code = f"""
import boto3, json, botocore.session
botocore_session = botocore.session.Session()
provider = botocore_session.get_component("credential_provider").get_provider("assume-role")
provider._prompter = lambda _: {device.code()!r}
session = boto3.Session(botocore_session=botocore_session)
print(json.dumps(session.client("sts").get_caller_identity()["Arn"]))
"""
    config = profile(role, mfa_serial=device.serial, role_session_name="s1")
    done = child(world, tmp_path, config, code, credentials=lea, AWS_PROFILE="work")
    assert json.loads(done.stdout).endswith("assumed-role/vault/s1"), done.stderr
    again = child(world, tmp_path, config, code, credentials=lea, AWS_PROFILE="work")
    assert "invalid MFA one time pass code" in again.stderr


def test_refreshable_credentials_renew_before_they_expire(world):
    """botocore renews 15 minutes early; a plain dict of credentials never does."""
    import boto3
    from botocore.credentials import RefreshableCredentials
    from botocore.session import get_session

    role = world.role("work", trusts(ROOT), permissions=[allow("iam:ListRoles")])
    sts = world.user("bob", allow("sts:AssumeRole")).client("sts")

    def fetch():
        answer = sts.assume_role(RoleArn=role, RoleSessionName="bob", DurationSeconds=900)
        found = answer["Credentials"]
        return {
            "access_key": found["AccessKeyId"],
            "secret_key": found["SecretAccessKey"],
            "token": found["SessionToken"],
            "expiry_time": found["Expiration"].isoformat(),
        }

    inner = get_session()
    inner._credentials = RefreshableCredentials.create_from_metadata(fetch(), fetch, "sts")
    session = boto3.Session(botocore_session=inner, region_name=world.lab.region)
    client = session.client("iam", endpoint_url=world.lab.endpoint_url)
    before = len(world.lab.sessions())
    assert client.list_roles()["Roles"]
    # 900 seconds are always inside botocore's window of 15 minutes (STS_FACTS 7.3).
    assert len(world.lab.sessions()) > before


def test_a_session_policy_binds_an_unmodified_client(world, tmp_path, lea):
    role = world.role("work", trusts(ROOT), permissions=[allow("iam:*")])
    code = f"""
import boto3, json
answer = boto3.Session(profile_name="lea").client("sts").assume_role(
    RoleArn={role!r}, RoleSessionName="s1", Policy={policy(allow("iam:GetRole"))!r})
keys = answer["Credentials"]
iam = boto3.client("iam", aws_access_key_id=keys["AccessKeyId"],
    aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])
print(json.dumps(iam.get_role(RoleName="work")["Role"]["RoleName"]))
iam.list_roles()
"""
    done = child(world, tmp_path, "", code, credentials=lea)
    assert json.loads(done.stdout) == "work"
    assert "no session policy allows the iam:ListRoles action" in done.stderr
