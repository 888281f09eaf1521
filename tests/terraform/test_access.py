"""Access: decisions, chains and the graph, each edge with its reason."""

from __future__ import annotations

import json

import pytest
from test_load import ACCOUNT, EXAMPLE, write

from labhelpers import charts
from labhelpers.terraform import Access, TerraformError, access_graph, access_table, load

OBJECT = "arn:aws:s3:::sts-lab-reports/may.csv"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def trust(*principals, **conditions):
    statements = [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
        for principal in principals
    ]
    for statement in statements if conditions else ():
        statement["Condition"] = conditions["condition"]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def role(name, document, more=""):
    return (
        f'resource "aws_iam_role" "{name}" {{\n  name = "{name}"\n'
        f"  assume_role_policy = <<EOT\n{document}\nEOT\n{more}}}\n"
    )


def may(name, owner, effect, action, resource, kind="role"):
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": effect, "Action": action, "Resource": resource},
        }
    )
    return (
        f'resource "aws_iam_{kind}_policy" "{name}" {{\n  name = "{name}"\n'
        f"  {kind} = aws_iam_{kind}.{owner}.name\n  policy = <<EOT\n{policy}\nEOT\n}}\n"
    )


def arn(name, kind="role"):
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


@pytest.fixture(scope="module")
def example():
    return Access(load(EXAMPLE, account_id=ACCOUNT))


@pytest.fixture
def chain(tmp_path):
    """anna -> entry -> middle -> admin; nobody but middle is let into admin."""
    text = (
        'resource "aws_iam_user" "anna" {\n  name = "anna"\n}\n'
        + role(
            "entry",
            trust({"AWS": ROOT}, condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        )
        + role("middle", trust({"AWS": arn("entry")}))
        + role("admin", trust({"AWS": arn("middle")}))
        + may("a", "anna", "Allow", "sts:AssumeRole", arn("entry"), "user")
        + may("b", "entry", "Allow", "sts:AssumeRole", arn("admin"))
        + may("c", "admin", "Allow", "*", "*")
        + may("d", "admin", "Deny", "s3:DeleteBucket", "*")
    )
    return Access(load(write(tmp_path, text), account_id=ACCOUNT))


@pytest.mark.parametrize(
    ("principal", "action", "resource", "outcome"),
    [
        ("aws_iam_role.reader", "s3:GetObject", OBJECT, "Allowed"),
        (f"arn:aws:iam::{ACCOUNT}:role/sts-lab-reader", "s3:GetObject", OBJECT, "Allowed"),
        ("aws_iam_role.reader", "s3:PutObject", OBJECT, "ImplicitlyDenied"),
        ("ec2.amazonaws.com", "sts:AssumeRole", "aws_iam_role.reader", "Allowed"),
        ("lambda.amazonaws.com", "sts:AssumeRole", "aws_iam_role.reader", "ImplicitlyDenied"),
        ("444455556666", "sts:AssumeRole", "aws_iam_role.reader", "ImplicitlyDenied"),
    ],
)
def test_can(example, principal, action, resource, outcome):
    assert example.can(principal, action, resource).outcome == outcome


def test_can_takes_condition_keys(chain):
    asked = ("aws_iam_user.anna", "sts:AssumeRole", "aws_iam_role.entry")
    assert not chain.can(*asked).allowed
    assert chain.can(*asked, aws__MultiFactorAuthPresent="true").allowed


def test_an_explicit_deny_wins(chain):
    assert chain.can("aws_iam_role.admin", "s3:GetObject", OBJECT).allowed
    denied = chain.can("aws_iam_role.admin", "s3:DeleteBucket", "arn:aws:s3:::b")
    assert denied.outcome == "ExplicitlyDenied"


def test_who_can(example, chain):
    assert list(example.who_can("s3:GetObject", OBJECT)) == ["aws_iam_role.reader"]
    assert example.who_can("s3:PutObject", OBJECT) == {}
    assert list(chain.who_can("iam:CreateUser", arn("x", "user"))) == ["aws_iam_role.admin"]


def test_paths_lead_over_roles(chain):
    entry, middle, admin = (f"aws_iam_role.{name}" for name in ("entry", "middle", "admin"))
    assert chain.paths("aws_iam_user.anna", admin) == [["aws_iam_user.anna", entry, middle, admin]]
    assert chain.paths(ACCOUNT, entry) == [[f"AWS:{ACCOUNT}", entry]]
    assert chain.paths(admin, entry) == []


def test_a_principal_that_nobody_knows(example):
    with pytest.raises(TerraformError, match="There is no principal"):
        example.can("aws_iam_role.nobody", "s3:GetObject", OBJECT)


def test_every_edge_is_a_decision_with_its_reason(chain):
    graph = access_graph(chain.configuration, chain)
    edge = graph.edges["aws_iam_user.anna", "aws_iam_role.entry"]
    assert (edge["how"], edge["refused"]) == ("assume", False)
    assert edge["conditions"] == ("aws:MultiFactorAuthPresent Bool true",)
    assert edge["seconds"] == 3600 and edge["reason"].startswith("Allowed: sts:AssumeRole")
    # Entry has the permission, but the role does not trust it: written, and without effect.
    refused = graph.edges["aws_iam_role.entry", "aws_iam_role.admin"]
    assert refused["refused"] and "trust policy" in refused["reason"]
    assert graph.edges["aws_iam_role.admin", "*"]["label"] == "*"
    for _, _, data in graph.edges(data=True):
        assert data["reason"] and isinstance(data["refused"], bool)


RUNS = [
    (
        'resource "aws_lambda_function" "f" {\n  function_name = "f"\n'
        "  role = aws_iam_role.r.arn\n}\n",
        "lambda.amazonaws.com",
        "aws_lambda_function.f",
    ),
    (
        'resource "aws_ecs_task_definition" "t" {\n  family = "t"\n'
        "  task_role_arn = aws_iam_role.r.arn\n}\n",
        "ecs-tasks.amazonaws.com",
        "aws_ecs_task_definition.t",
    ),
    (
        'resource "aws_eks_cluster" "c" {\n  name = "c"\n  role_arn = aws_iam_role.r.arn\n}\n',
        "eks.amazonaws.com",
        "aws_eks_cluster.c",
    ),
    (
        'resource "aws_iam_instance_profile" "p" {\n  role = aws_iam_role.r.name\n}\n'
        'resource "aws_launch_template" "l" {\n  name = "l"\n  iam_instance_profile {\n'
        "    name = aws_iam_instance_profile.p.name\n  }\n}\n",
        "ec2.amazonaws.com",
        "aws_launch_template.l",
    ),
]


@pytest.mark.parametrize(("text", "service", "address"), RUNS)
@pytest.mark.parametrize("known", [True, False], ids=["known name", "name from AWS"])
def test_what_carries_a_role(tmp_path, text, service, address, known):
    """And the service of another carrier is refused."""
    for trusted, refused in ((service, False), ("glue.amazonaws.com", True)):
        declared = role("r", trust({"Service": trusted}))
        declared = declared if known else declared.replace('name = "r"', 'name_prefix = "r"')
        found = load(write(tmp_path, declared + text), account_id=ACCOUNT, region="eu-west-1")
        edge = access_graph(found).edges[address, "aws_iam_role.r"]
        assert (edge["how"], edge["refused"]) == ("carries", refused)


def test_federated_and_outside_principals(tmp_path):
    oidc = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    web = trust(
        {"Federated": oidc},
        condition={"StringLike": {"token.actions.githubusercontent.com:sub": "repo:a/*"}},
    )
    text = role("ci", web.replace("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"))
    text += role(
        "partner",
        trust({"AWS": "444455556666"}, condition={"StringEquals": {"sts:ExternalId": "x"}}),
    )
    graph = access_graph(load(write(tmp_path, text), account_id=ACCOUNT))
    edge = graph.edges[f"Federated:{oidc}", "aws_iam_role.ci"]
    assert (edge["label"], edge["refused"]) == ("sts:AssumeRoleWithWebIdentity", False)
    edge = graph.edges["AWS:444455556666", "aws_iam_role.partner"]
    assert edge["conditions"] == ("sts:ExternalId StringEquals x",) and not edge["refused"]
    assert graph.nodes["AWS:444455556666"]["label"] == "account 444455556666"


def test_a_key_that_the_call_never_has_lets_nobody_in(tmp_path):
    """An external ID comes with AssumeRole only: asked of a web identity, it shuts the door."""
    oidc = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    asked = {"StringEquals": {"sts:ExternalId": "x"}}
    web = trust({"Federated": oidc}, condition=asked)
    text = role("ci", web.replace("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"))
    graph = access_graph(load(write(tmp_path, text), account_id=ACCOUNT))
    assert graph.edges[f"Federated:{oidc}", "aws_iam_role.ci"]["refused"]


def test_groups_and_managed_policies_count(tmp_path):
    text = (
        'resource "aws_iam_user" "u" {\n  name = "u"\n}\nresource "aws_iam_group" "g" {\n'
        '  name = "g"\n}\nresource "aws_iam_group_membership" "m" {\n  name = "m"\n'
        "  group = aws_iam_group.g.name\n  users = [aws_iam_user.u.name]\n}\n"
        'resource "aws_iam_group_policy_attachment" "a" {\n  group = aws_iam_group.g.name\n'
        '  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"\n}\n'
    )
    access = Access(load(write(tmp_path, text), account_id=ACCOUNT))
    assert access.can("aws_iam_user.u", "s3:GetObject", OBJECT).allowed
    assert not access.can("aws_iam_user.u", "s3:PutObject", OBJECT).allowed


def test_a_boundary_caps(tmp_path):
    said = {"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}
    only = json.dumps({"Version": "2012-10-17", "Statement": said})
    text = 'resource "aws_iam_policy" "b" {\n  name = "b"\n'
    text += f"  policy = <<EOT\n{only}\nEOT\n}}\n"
    text += role("r", trust({"AWS": ROOT}), "  permissions_boundary = aws_iam_policy.b.arn\n")
    text += may("p", "r", "Allow", "s3:*", "*")
    access = Access(load(write(tmp_path, text), account_id=ACCOUNT))
    assert access.can("aws_iam_role.r", "s3:ListBucket", "arn:aws:s3:::b").allowed
    assert not access.can("aws_iam_role.r", "s3:GetObject", OBJECT).allowed


def test_the_table_says_the_same_as_the_picture(example):
    graph = access_graph(example.configuration, example)
    rows = access_table(graph)
    assert len(rows) == graph.number_of_edges()
    row = next(r for r in rows if r["who"] == "ec2.amazonaws.com")
    # The role's limit does not bind a service.
    assert (row["does"], row["with"], row["for"]) == ("sts:AssumeRole", "sts-lab-reader", "")
    assert row["outcome"] == "allowed" and row["why"]


def test_the_table_tells_the_longest_session_of_a_person(tmp_path):
    made = load(write(tmp_path, role("r", trust({"AWS": ROOT}))), account_id=ACCOUNT)
    rows = access_table(access_graph(made))
    assert "1 h" in [row["for"] for row in rows]


def fifty(directory):
    roles = "".join(
        role(f"r{n}", trust({"AWS": arn(f"r{n - 1}")} if n % 5 else {"AWS": f"{n:012}"}))
        + may(f"p{n}", f"r{n}", "Allow", "s3:GetObject", f"arn:aws:s3:::bucket-{n % 7}/*")
        for n in range(50)
    )
    return access_graph(load(write(directory, roles), account_id=ACCOUNT))


def test_fifty_roles_fit_on_one_page(tmp_path):
    """Every node has its own place, no two boxes overlap, and the page stays a page."""
    graph = fifty(tmp_path)
    assert len(graph) > 60
    axes = charts.trust_graph(graph)
    wide, high = axes.figure.get_size_inches()
    assert wide < 18 and high < 14
    boxes = [p.get_bbox() for p in axes.patches if (p.get_gid() or "").startswith("node-")]
    assert len(boxes) == len(graph)
    for number, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[number + 1 :])


def test_a_refused_edge_is_dashed(chain):
    axes = charts.trust_graph(access_graph(chain.configuration, chain))
    styles = {p.get_gid(): p.get_linestyle() for p in axes.patches}
    assert styles["edge-aws_iam_role.entry-aws_iam_role.admin"] == "dashed"
    assert styles["edge-aws_iam_role.middle-aws_iam_role.admin"] == "solid"
