"""A learner who signs in with IAM Identity Center (`aws sso login`), as most do on real accounts.

boto3's own SSO provider with a token in its cache, a portal that hands out keys, and behind it a
role session: no user, no long-term key.
"""

import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from nbclient.exceptions import CellExecutionError
from scene import policy, trusts
from series import NOTEBOOKS, environ_of, run
from served_aws import served_aws

ROLE = "AWSReservedSSO_Learner_0123456789abcdef"
TOKEN = "a-token-of-the-portal"
PROFILE = """
[profile sso]
sso_session = company
sso_account_id = {account}
sso_role_name = Learner
[sso-session company]
sso_region = eu-central-1
sso_start_url = https://company.awsapps.com/start
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def aws(tmp_path):
    with served_aws(tmp_path / "aws", lag=0.1) as served:
        config = tmp_path / "aws" / "config"
        config.write_text(config.read_text() + PROFILE.format(account=served.accounts[0]))
        yield served


@pytest.fixture
def portal(aws):
    """(address, tokens that were shown to it); it knows one token."""
    iam, sts = (aws.session().client(service) for service in ("iam", "sts"))
    trust = policy(trusts(sts.get_caller_identity()["Arn"]))
    # AWS makes it under /aws-reserved/, where nobody else may; a session's ARN has no path.
    made = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust, MaxSessionDuration=43200)
    arn = made["Role"]["Arn"]
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=admin)
    aws.change(lag=0)  # it was there before
    who = {"RoleSessionName": "anna@example.com", "DurationSeconds": 43200}
    keys = sts.assume_role(RoleArn=arn, **who)["Credentials"]
    aws.change(lag=0.1)
    given = {
        "accessKeyId": keys["AccessKeyId"],
        "secretAccessKey": keys["SecretAccessKey"],
        "sessionToken": keys["SessionToken"],
        "expiration": int(keys["Expiration"].timestamp() * 1000),
    }
    shown = []

    class Portal(BaseHTTPRequestHandler):
        def do_GET(self):
            shown.append(self.headers["x-amz-sso_bearer_token"])
            known = shown[-1] == TOKEN and f"account_id={aws.accounts[0]}" in self.path
            body = json.dumps({"roleCredentials": given} if known else {"message": "no"}).encode()
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", str(len(body)))
            if not known:
                self.send_header("x-amzn-ErrorType", "UnauthorizedException")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Portal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", shown
        server.shutdown()


def signed_in(home, ends):
    """What `aws sso login` leaves in the home directory."""
    cache = home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    token = {
        "accessToken": TOKEN,
        "expiresAt": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        "region": "eu-central-1",
        "startUrl": "https://company.awsapps.com/start",
    }
    name = hashlib.sha1(b"company").hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(token))


def environ(aws, address, home):
    more = {"HOME": str(home), "LAB_AWS_PROFILE": "sso", "AWS_ENDPOINT_URL_SSO": address}
    return environ_of(aws, **more)


def test_a_notebook_runs_for_somebody_who_signed_in(aws, portal, tmp_path):
    address, shown = portal
    signed_in(tmp_path, datetime.now(UTC) + timedelta(hours=8))
    before = aws.contents()
    _, summary = run(NOTEBOOKS[2], environ(aws, address, tmp_path))
    assert aws.contents() == before
    assert summary["differences"] == [] and summary["ran"] > 100
    assert set(shown) == {TOKEN}
    callers = {event["userIdentity"].get("arn", "") for event in aws.trail()}
    assert any(f"assumed-role/{ROLE}/anna@example.com" in arn for arn in callers)


def test_when_the_sign_in_has_run_out_the_message_says_so(aws, portal, tmp_path):
    address, shown = portal
    signed_in(tmp_path, datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(CellExecutionError, match="aws sso login"):
        run(NOTEBOOKS[0], environ(aws, address, tmp_path))
    assert shown == []
