"""The policies on queues, topics, secrets, functions, repositories, buses and tables count: in the
same account beside the caller's own, across accounts with them, and their denials always.

Source: IAM User Guide, "Policy evaluation logic"; the services' guides on resource-based policies.
"""

import json

import pytest
from scene import World, allow, deny, policy

HERE, THERE, REGION = "111122223333", "444455556666", "ap-northeast-2"
PREFIXES = ("dynamodb", "ecr", "events", "lambda", "secretsmanager", "sns", "sqs")
EVERYTHING = allow(tuple(f"{name}:*" for name in PREFIXES))


def user(name, account=HERE):
    return f"arn:aws:iam::{account}:user/{name}"


class Kind:
    """A kind of resource: how one is made, used and given a policy; `open` has no ARN in it."""

    def __init__(self, service, action, make, use, put, resource=True):
        self.service, self.action, self.make = service, action, make
        self.use, self.put, self.resource = use, put, resource


def _queue(client, name):
    url = client.create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{HERE}:{name}"


def _topic(client, name):
    return (client.create_topic(Name=name)["TopicArn"],) * 2


def _secret(client, name):
    return (client.create_secret(Name=name, SecretString="x")["ARN"],) * 2


def _repository(client, name):
    client.create_repository(repositoryName=name)
    return name, f"arn:aws:ecr:{REGION}:{HERE}:repository/{name}"


def _bus(client, name):
    return (client.create_event_bus(Name=name)["EventBusArn"],) * 2


def _table(client, name):
    made = client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return (made["TableDescription"]["TableArn"],) * 2


KINDS = {
    "queue": Kind(
        "sqs",
        "sqs:SendMessage",
        _queue,
        lambda c, name: (c.send_message, {"QueueUrl": name, "MessageBody": "m"}),
        lambda c, name, text: c.set_queue_attributes(QueueUrl=name, Attributes={"Policy": text}),
    ),
    "topic": Kind(
        "sns",
        "SNS:Publish",
        _topic,
        lambda c, name: (c.publish, {"TopicArn": name, "Message": "m"}),
        lambda c, name, text: c.set_topic_attributes(
            TopicArn=name, AttributeName="Policy", AttributeValue=text
        ),
    ),
    "secret": Kind(
        "secretsmanager",
        "secretsmanager:DescribeSecret",
        _secret,
        lambda c, name: (c.describe_secret, {"SecretId": name}),
        lambda c, name, text: c.put_resource_policy(SecretId=name, ResourcePolicy=text),
    ),
    "repository": Kind(
        "ecr",
        "ecr:ListImages",
        _repository,
        lambda c, name: (c.list_images, {"repositoryName": name, "registryId": HERE}),
        lambda c, name, text: c.set_repository_policy(repositoryName=name, policyText=text),
        resource=False,
    ),
    "bus": Kind(
        "events",
        "events:DescribeEventBus",
        _bus,
        lambda c, name: (c.describe_event_bus, {"Name": name}),
        lambda c, name, text: c.put_permission(EventBusName=name.rpartition("/")[2], Policy=text),
    ),
    "table": Kind(
        "dynamodb",
        "dynamodb:PutItem",
        _table,
        lambda c, name: (c.put_item, {"TableName": name, "Item": {"k": {"S": "1"}}}),
        lambda c, name, text: c.put_resource_policy(ResourceArn=name, Policy=text),
    ),
}


@pytest.fixture(scope="module")
def scene():
    """anna may do everything by her own policies, ben nothing; so ada and bob elsewhere."""
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        world = World(lab)
        world.sessions = {
            "anna": world.user("anna", EVERYTHING),
            "ben": world.user("ben"),
            "ada": world.user("ada", EVERYTHING, account=THERE),
            "bob": world.user("bob", account=THERE),
        }
        yield world


# what the policy says (Principal …), and who may then do it
DECIDED = [
    ("nothing", [], {"anna"}),
    ("its user", [({"AWS": user("ben")}, {})], {"anna", "ben"}),
    ("its account", [({"AWS": HERE}, {})], {"anna"}),
    ("another account", [({"AWS": f"arn:aws:iam::{THERE}:root"}, {})], {"anna", "ada"}),
    ("a user there", [({"AWS": user("bob", THERE)}, {})], {"anna"}),
    ("everybody", [("*", {})], {"anna", "ben", "ada"}),
    ("a denial", [({"AWS": user("ben")}, {}), ({"AWS": user("anna")}, None)], {"ben"}),
    ("a service", [({"Service": "s3.amazonaws.com"}, {})], {"anna"}),
    ("a source", [("*", {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}})], {"anna"}),
    ("no source", [("*", {"Null": {"aws:SourceArn": "true"}})], {"anna", "ben", "ada"}),
    ("an account", [("*", {"StringEquals": {"aws:PrincipalAccount": THERE}})], {"anna", "ada"}),
]


@pytest.mark.parametrize("kind", KINDS)
def test_who_may(scene, kind):
    kind, label = KINDS[kind], kind
    admin = scene.lab.session().client(kind.service)
    for number, (why, says, who) in enumerate(DECIDED):
        name, arn = kind.make(admin, f"{label}-{number}")
        statements = []
        for sid, (principal, condition) in enumerate(says):
            effect = deny if condition is None else allow
            more = {"Condition": condition} if condition else {}
            made = effect(kind.action, arn, Principal=principal, Sid=f"s{sid}", **more)
            if not kind.resource:
                del made["Resource"]
            statements.append(made)
        if statements:
            kind.put(admin, name, policy(*statements))
        allowed = set()
        for person, session in scene.sessions.items():
            call, params = kind.use(session.client(kind.service), name)
            if person in ("ada", "bob") and "event-bus" in arn:
                params = {"Name": arn}
            got = scene.lab.attempt(call, **params)
            assert got.succeeded or got.blocked_by in ("identity", "resource"), (why, got)
            if got.allowed:
                allowed.add(person)
        assert allowed == who, (label, why)


def test_functions_by_their_permissions(scene):
    admin = scene.lab.session().client("lambda")
    arn = _function(scene, "f")
    for number, (principal, more) in enumerate(
        (
            (THERE, {}),
            (user("ben"), {}),
            ("s3.amazonaws.com", {"SourceArn": "arn:aws:s3:::b", "SourceAccount": HERE}),
            ("*", {"PrincipalOrgID": "o-1234567890", "SourceAccount": HERE}),
        )
    ):
        given = {"FunctionName": "f", "StatementId": f"s{number}", "Principal": principal, **more}
        admin.add_permission(**given, Action="lambda:GetFunctionConfiguration")
    told = json.loads(admin.get_policy(FunctionName="f")["Policy"])["Statement"]
    assert [statement["Principal"] for statement in told] == [
        {"AWS": f"arn:aws:iam::{THERE}:root"},
        {"AWS": user("ben")},
        {"Service": "s3.amazonaws.com"},
        "*",
    ]
    assert told[3]["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": "o-1234567890", "AWS:SourceAccount": HERE}
    }

    def allowed():
        return {
            name
            for name, session in scene.sessions.items()
            if scene.lab.attempt(
                session.client("lambda").get_function_configuration, FunctionName=arn
            ).allowed
        }

    assert allowed() == {"anna", "ben", "ada"}
    admin.remove_permission(FunctionName="f", StatementId="s0")
    assert allowed() == {"anna", "ben"}


def _function(scene, name):
    import io
    import zipfile

    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = scene.role(f"for-{name}", trust | {"Action": "sts:AssumeRole"})
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("f.py", "")
    made = scene.lab.session().client("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Role=role, Handler="f.f",
        Code={"ZipFile": code.getvalue()},
    )  # fmt: skip
    return made["FunctionArn"]


def test_add_permission_of_queues_and_topics(scene):
    sqs, sns = scene.lab.session().client("sqs"), scene.lab.session().client("sns")
    ada, ben = scene.sessions["ada"], scene.sessions["ben"]
    url, _ = _queue(sqs, "given")
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=[THERE], Actions=["SendMessage"])
    message = {"QueueUrl": url, "MessageBody": "m"}
    assert scene.lab.attempt(ada.client("sqs").send_message, **message).succeeded
    assert not scene.lab.attempt(ada.client("sqs").receive_message, QueueUrl=url).allowed
    assert not scene.lab.attempt(ben.client("sqs").send_message, **message).allowed
    sqs.remove_permission(QueueUrl=url, Label="l")
    assert scene.lab.attempt(ada.client("sqs").send_message, **message).blocked_by == "resource"
    topic = sns.create_topic(Name="given")["TopicArn"]
    given = {"TopicArn": topic, "Label": "l"}
    sns.add_permission(**given, AWSAccountId=[THERE], ActionName=["Publish"])
    publish = ada.client("sns").publish
    assert scene.lab.attempt(publish, TopicArn=topic, Message="m").succeeded
    sns.remove_permission(**given)
    assert scene.lab.attempt(publish, TopicArn=topic, Message="m").blocked_by == "resource"


def test_the_default_policy_of_a_topic_lets_nobody_in(scene):
    """Its condition is on aws:SourceOwner, which no caller's request holds."""
    topic = scene.lab.session().client("sns").create_topic(Name="default")["TopicArn"]
    for name in ("ben", "ada"):
        got = scene.lab.attempt(
            scene.sessions[name].client("sns").publish, TopicArn=topic, Message="m"
        )
        assert got.blocked_by == {"ben": "identity", "ada": "resource"}[name]
        assert got.code == "AuthorizationError"


def test_what_only_the_owner_s_account_does(scene):
    sqs = scene.lab.session().client("sqs")
    url, arn = _queue(sqs, "owned")
    opened = policy(allow("sqs:*", arn, Principal="*"))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": opened})
    ada = scene.sessions["ada"].client("sqs")
    assert scene.lab.attempt(ada.purge_queue, QueueUrl=url).succeeded
    for call, more in (
        (ada.delete_queue, {}),
        (ada.set_queue_attributes, {"Attributes": {"Policy": ""}}),
    ):
        got = scene.lab.attempt(call, QueueUrl=url, **more)
        assert got.blocked_by == "resource" and got.code == "AccessDenied"


def test_a_queue_url_names_the_account(scene):
    """The queue of that name here is another one."""
    there = scene.lab.session(THERE).client("sqs")
    url = there.create_queue(QueueName="same")["QueueUrl"]
    _queue(scene.lab.session().client("sqs"), "same")
    assert f"/{THERE}/" in url
    got = scene.lab.attempt(
        scene.sessions["anna"].client("sqs").send_message, QueueUrl=url, MessageBody="m"
    )
    assert got.blocked_by == "resource" and f":{THERE}:same" in got.message


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refused(scene, kind):
    codes = {
        "queue": "InvalidAttributeValue",
        "topic": "InvalidParameter",
        "secret": "MalformedPolicyDocumentException",
        "repository": "InvalidParameterException",
        "bus": "ValidationException",
        "table": "ValidationException",
    }
    kind, label = KINDS[kind], kind
    client = scene.lab.session().client(kind.service)
    name, arn = kind.make(client, f"bad-{label}")
    good = allow(kind.action, arn, Principal="*", Sid="a")
    for document in (
        "no policy",
        "{",
        policy(good | {"Effect": "allow"}),
        policy(good | {"Principal": {"AWS": user("nobody")}}),
        policy({k: v for k, v in good.items() if k != "Principal"}),
    ):
        with pytest.raises(client.exceptions.ClientError) as refused:
            kind.put(client, name, document)
        assert refused.value.response["Error"]["Code"] == codes[label], document
    kind.put(client, name, policy(good))


def test_principals_of_functions_exist(scene):
    _function(scene, "g")
    call = scene.lab.session().client("lambda").add_permission
    given = {"FunctionName": "g", "StatementId": "s", "Action": "lambda:InvokeFunction"}
    for principal in (user("nobody"), "somebody", "arn:aws:s3:::b"):
        got = scene.lab.attempt(call, **given, Principal=principal)
        assert got.code == "InvalidParameterValueException", principal


def test_block_public_policy_of_a_secret(scene):
    secrets = scene.lab.session().client("secretsmanager")
    name, arn = _secret(secrets, "private")
    given = {"SecretId": name, "BlockPublicPolicy": True}
    opened = policy(allow("secretsmanager:*", arn, Principal="*"))
    got = scene.lab.attempt(secrets.put_resource_policy, **given, ResourcePolicy=opened)
    assert got.code == "PublicPolicyException"


@pytest.mark.parametrize("kind", ["queue", "topic", "secret", "repository", "bus", "table"])
def test_a_namesake_of_a_deleted_user_gets_nothing(scene, kind):
    kind, label = KINDS[kind], kind
    who = f"gone-{label}"
    scene.iam().create_user(UserName=who)
    client = scene.lab.session().client(kind.service)
    name, arn = kind.make(client, who)
    kind.put(client, name, policy(allow(kind.action, arn, Principal={"AWS": user(who)}, Sid="a")))
    scene.iam().delete_user(UserName=who)
    call, params = kind.use(scene.user(who).client(kind.service), name)
    assert not scene.lab.attempt(call, **params).allowed


def test_a_table_s_policy_goes_with_it(scene):
    tables = scene.lab.session().client("dynamodb")
    kind = KINDS["table"]
    arn, _ = _table(tables, "again")
    kind.put(tables, arn, policy(allow("dynamodb:*", arn, Principal="*")))
    tables.delete_table(TableName="again")
    _table(tables, "again")
    call, params = kind.use(scene.sessions["ben"].client("dynamodb"), arn)
    assert not scene.lab.attempt(call, **params).allowed


def test_a_request_on_nobody_knows_what_is_not_modelled_where_policies_are(scene):
    """A denial might be on it."""
    with_policy = scene.lab.session().client("secretsmanager")
    name, arn = _secret(with_policy, "bound")
    stop = deny("secretsmanager:GetSecretValue", Principal="*")
    with_policy.put_resource_policy(SecretId=name, ResourcePolicy=policy(stop))
    for given in (arn, "bound"):
        got = scene.lab.attempt(with_policy.get_secret_value, SecretId=given)
        assert not got.allowed


def test_another_name_does_not_pass_over_a_denial(scene):
    """A secret by a part of its ARN, a function by the ARN of another Region."""
    secrets = scene.lab.session().client("secretsmanager")
    name, arn = _secret(secrets, "hidden")
    stop = policy(deny("secretsmanager:DescribeSecret", Principal="*"))
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=stop)
    for given in (arn, arn.rpartition("-")[0]):
        got = scene.lab.attempt(secrets.describe_secret, SecretId=given)
        assert got.outcome == "ExplicitlyDenied", given
    there = _function(scene, "h").replace(REGION, "us-east-1")
    get = scene.lab.session().client("lambda").get_function_configuration
    assert scene.lab.attempt(get, FunctionName=there).blocked_by == "not modelled"
