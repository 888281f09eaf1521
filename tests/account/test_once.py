"""A connection that breaks, an AWS that fails: what reads is asked again, what writes is not."""

import pytest
from attacks import WHERE
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.exceptions import EndpointConnectionError as NeverSent
from scene import allow, policy

from labhelpers import LabError, open_lab
from labhelpers.account.fence.hooks import LastLook


class Raw:
    """The body of an answer."""

    def __init__(self, content):
        self.content = content

    def stream(self, *_, **__):
        yield self.content


def failing(status, code):
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
    return lambda: AWSResponse("http://aws", status, {}, Raw(body.encode()))


def broken(kind):
    def fail():
        raise kind(endpoint_url="http://aws", error="e")

    return fail


def looked(endpoint):
    """Whether the lab looks at what goes to the network and comes from there."""
    return isinstance(endpoint.http_session, LastLook)


@pytest.fixture
def losing(aws, account, monkeypatch):
    """losing(client, service, operation, fail): AWS carries out the first try, and its answer is
    lost; returns what counts the tries."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)

    def lose(client, fail, sends=True):
        tries, of = [], client._endpoint
        of, name = (of.http_session, "_session") if looked(of) else (of, "http_session")
        http = getattr(of, name)

        class Line:
            def send(self, request):
                tries.append(request.url)
                if len(tries) == 1:
                    if sends:
                        http.send(request)
                    return fail()
                return http.send(request)

            def close(self):
                http.close()

        setattr(of, name, Line())
        return tries

    return lose


@pytest.mark.parametrize("kind", [ConnectionClosedError, ReadTimeoutError])
def test_a_user_is_not_made_twice(aws, account, losing, kind):
    iam = account.client("iam")
    tries = losing(iam, broken(kind))
    with pytest.raises(LabError, match="CreateUser: .* Nobody knows whether"):
        iam.create_user(UserName="bob")
    assert len(tries) == 1
    account.close()
    assert not [n for n in aws.contents()[aws.accounts[0]]["users"] if n.endswith("-bob")]


def test_nor_a_key_or_an_object(aws, account, losing):
    iam, s3 = account.client("iam"), account.client("s3")
    iam.create_user(UserName="alice")
    s3.create_bucket(Bucket="once", **WHERE)
    asked = losing(iam, broken(ConnectionClosedError)), losing(s3, broken(ConnectionClosedError))
    with pytest.raises(LabError, match="Nobody knows"):
        iam.create_access_key(UserName="alice")
    with pytest.raises(LabError, match="Nobody knows"):
        s3.put_object(Bucket="once", Key="k", Body=b"x")
    assert [len(tries) for tries in asked] == [1, 1]
    assert len(iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]) == 1


def test_an_error_on_awss_side_is_told_and_not_repeated(account, losing, capsys):
    iam = account.client("iam")
    tries = losing(iam, failing(500, "ServiceFailure"))
    with pytest.raises(ClientError, match="ServiceFailure"):
        iam.create_user(UserName="bob")
    assert len(tries) == 1 and "Nobody knows whether AWS" in capsys.readouterr().out


@pytest.mark.parametrize(
    "fail",
    [failing(400, "Throttling"), failing(503, "SlowDown"), broken(NeverSent)],
    ids=["throttled", "slowed down", "never sent"],
)
def test_what_aws_has_not_done_is_repeated(account, losing, fail):
    iam = account.client("iam")
    tries = losing(iam, fail, sends=False)
    assert iam.create_user(UserName="bob")["User"]["UserName"] == "bob"
    assert len(tries) == 2


@pytest.mark.parametrize("fail", [broken(ConnectionClosedError), failing(500, "ServiceFailure")])
def test_what_reads_is_repeated(account, losing, fail):
    iam = account.client("iam")
    iam.create_user(UserName="bob")
    tries = losing(iam, fail)
    assert iam.get_user(UserName="bob")["User"]["UserName"] == "bob"
    assert len(tries) == 2


def test_the_boundary_whose_answer_was_lost_is_the_runs(account, losing):
    raw = account._learner.client(account.settings.account_id, "iam")
    tries = losing(raw, broken(ConnectionClosedError))
    account.client("iam").create_user(UserName="bob")
    assert len(tries) >= 2


@pytest.mark.parametrize("kind", ["bucket", "user"])
def test_tags_that_aws_refuses_undo_no_create(copied, capsys, kind):
    """It is made, and the journal knows it: the lesson goes on, and close() removes it."""
    before = copied.contents()
    action = {"bucket": "s3:PutBucketTagging", "user": "iam:TagUser"}[kind]
    no = policy({"Effect": "Deny", "Action": action, "Resource": "*"})
    with open_lab("aws") as lab:
        iam = lab.client("iam")
        iam.create_user(UserName="maker")
        iam.put_user_policy(UserName="maker", PolicyName="p", PolicyDocument=policy(allow("*")))
        keys = iam.create_access_key(UserName="maker")["AccessKey"]
        which = {"UserName": "lab-admin", "PolicyName": "no"}
        raw = copied.session().client("iam")
        raw.put_user_policy(**which, PolicyDocument=no)
        maker = lab.session_from(keys)
        if kind == "bucket":
            maker.client("s3").create_bucket(Bucket="papers", **WHERE)
        else:
            maker.client("iam").create_user(UserName="made")
        said = capsys.readouterr().out
        assert "is made, but AWS refuses the lab's tags for it (AccessDenied)" in said
        assert lab.differences == []
        raw.delete_user_policy(**which)
    assert copied.contents() == before
