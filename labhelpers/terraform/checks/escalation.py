"""Ways from some rights to all rights: published escalation paths, and chains of roles.

Paths: Rhino Security Labs, "AWS IAM Privilege Escalation", and Bishop Fox, "IAM Vulnerable".
"""

from __future__ import annotations

from collections.abc import Iterator

from labhelpers.terraform.access.identities import Grant, Identity, compiled
from labhelpers.terraform.checks.findings import Finding
from labhelpers.terraform.checks.view import View

_ANY = {
    "policy": "arn:aws:iam::{0}:policy/any-policy-of-the-account",
    "role": "arn:aws:iam::{0}:role/any-role-of-the-account",
    "user": "arn:aws:iam::{0}:user/any-user-of-the-account",
    "group": "arn:aws:iam::{0}:group/any-group-of-the-account",
    "function": "arn:aws:lambda:eu-west-1:{0}:function:any-function-of-the-account",
    "instance": "arn:aws:ec2:eu-west-1:{0}:instance/i-0123456789abcdef0",
    "*": "*",
}
# What it does with the rights, and the actions that it takes, each on any resource of a kind.
_PATHS = (
    ("write a new version of a policy", ("iam:CreatePolicyVersion policy",)),
    ("bring back an older, wider version of a policy", ("iam:SetDefaultPolicyVersion policy",)),
    ("make an access key for another user", ("iam:CreateAccessKey user",)),
    ("give another user a console password", ("iam:CreateLoginProfile user",)),
    ("change another user's console password", ("iam:UpdateLoginProfile user",)),
    ("attach AdministratorAccess to a user", ("iam:AttachUserPolicy user",)),
    ("attach AdministratorAccess to a group", ("iam:AttachGroupPolicy group",)),
    ("attach AdministratorAccess to a role", ("iam:AttachRolePolicy role",)),
    ("write an inline policy for a user", ("iam:PutUserPolicy user",)),
    ("write an inline policy for a group", ("iam:PutGroupPolicy group",)),
    ("write an inline policy for a role", ("iam:PutRolePolicy role",)),
    ("join a group with more rights", ("iam:AddUserToGroup group",)),
    ("make any role trust itself", ("iam:UpdateAssumeRolePolicy role",)),
    ("replace the code of a function that has a role", ("lambda:UpdateFunctionCode function",)),
    ("run commands on instances that have a role", ("ssm:SendCommand instance",)),
    ("open a shell on instances that have a role", ("ssm:StartSession instance",)),
    ("start an instance with any role", ("iam:PassRole role", "ec2:RunInstances instance")),
    (
        "run a function with any role",
        ("iam:PassRole role", "lambda:CreateFunction function", "lambda:InvokeFunction function"),
    ),
    (
        "run a task with any role",
        ("iam:PassRole role", "ecs:RegisterTaskDefinition *", "ecs:RunTask *"),
    ),
    ("create a stack with any role", ("iam:PassRole role", "cloudformation:CreateStack *")),
    (
        "build with any role",
        ("iam:PassRole role", "codebuild:CreateProject *", "codebuild:StartBuild *"),
    ),
    (
        "open a development endpoint with any role",
        ("iam:PassRole role", "glue:CreateDevEndpoint *"),
    ),
    ("run a job with any role", ("iam:PassRole role", "glue:CreateJob *", "glue:StartJobRun *")),
    (
        "open a notebook with any role",
        (
            "iam:PassRole role",
            "sagemaker:CreateNotebookInstance *",
            "sagemaker:CreatePresignedNotebookInstanceUrl *",
        ),
    ),
    (
        "run a pipeline with any role",
        (
            "iam:PassRole role",
            "datapipeline:CreatePipeline *",
            "datapipeline:PutPipelineDefinition *",
            "datapipeline:ActivatePipeline *",
        ),
    ),
)
_SERVICES = {
    "ec2": "ec2.amazonaws.com",
    "lambda": "lambda.amazonaws.com",
    "ecs": "ecs-tasks.amazonaws.com",
    "cloudformation": "cloudformation.amazonaws.com",
    "codebuild": "codebuild.amazonaws.com",
    "glue": "glue.amazonaws.com",
    "sagemaker": "sagemaker.amazonaws.com",
    "datapipeline": "datapipeline.amazonaws.com",
}


def paths_to_admin(view: View) -> Iterator[Finding]:
    """A role or user that is no administrator and can make itself one."""
    for identity in view.access.identities.values():
        if identity.address in view.admins or not identity.policies:
            continue
        for words, actions in _PATHS:
            if _open(view, identity, actions):
                needed = [action.split()[0] for action in actions]
                yield _escalation(view, identity, words, needed)


def _open(view: View, identity: Identity, actions: tuple[str, ...]) -> bool:
    """Whether all actions are allowed, on anything of the account or on an administrator."""
    admins = [view.access.identities[address] for address in view.admins]
    service = _SERVICES.get(actions[-1].partition(":")[0], "")
    context = {"iam:PassedToService": service} if service else {}
    for action in actions:
        name, kind = action.split()
        targets = [_ANY[kind].format(view.access.account)]
        targets += [one.arn for one in admins if kind == ("role" if one.is_role else "user")]
        tried = (view.access.decide(identity, name, target, context) for target in targets)
        if not any(decision.allowed for decision in tried):
            return False
    return True


def _escalation(view: View, identity: Identity, words: str, needed: list[str]) -> Finding:
    grant, path = _granting(identity, needed[0])
    return view.finding(
        "privilege-escalation",
        grant.resource,
        grant.attribute,
        f"{identity.name} can {words} ({', '.join(needed)}) and so become administrator.",
        "A right to give rights is every right: what a policy leaves out can be added with it.",
        "# Name the very resources, and cap what is given with a permissions boundary:\n"
        f'actions   = ["{needed[0]}"]\n'
        'resources = ["arn:aws:iam::111122223333:role/app/*"]\n\n'
        'condition {\n  test     = "StringEquals"\n  variable = "iam:PermissionsBoundary"\n'
        '  values   = ["arn:aws:iam::111122223333:policy/app-boundary"]\n}',
        path=path,
    )


def _granting(identity: Identity, action: str) -> tuple[Grant, str]:
    """Return the policy that allows an action, and the path of what names it."""
    for grant in identity.grants:
        policy = compiled(grant.text, "identity", grant.name)
        for number, statement in enumerate(policy.statements if policy else ()):
            if statement.allow and statement.names_action(action.lower()):
                return grant, f"Statement[{number}].{statement.action_element}"
    return identity.grants[0], ""


def chains(view: View) -> Iterator[Finding]:
    """Somebody who is no administrator reaches a role that is one, over other roles."""
    if not _chained(view):
        return
    # Spares start-up: few configurations have chains that end at an administrator.
    import networkx as nx

    from labhelpers.terraform.access.access_graph import assuming, drawn

    assume = assuming(drawn(view.relations))
    for admin in sorted(view.admins & set(assume)):
        for start in sorted(nx.ancestors(assume, admin)):
            route = nx.shortest_path(assume, start, admin)
            if len(route) < 3 or set(route[:-1]) & view.admins:
                continue
            if start in view.access.identities and assume.pred[start]:
                continue  # told for whoever comes before it
            last = view.access.identities[admin]
            names = [view.relations.nodes[node]["label"] for node in route]
            yield view.finding(
                "chain-to-admin",
                last.resource,
                "assume_role_policy",
                f"{names[0]} becomes administrator in {len(route) - 1} steps: "
                f"{' -> '.join(names)}.",
                "Each step looks harmless by itself. Who may assume a role has, in the end, all "
                "that the roles behind it have.",
                "# Let the administrator's role trust people with MFA, and no other role:\n"
                'condition {\n  test     = "Bool"\n  variable = "aws:MultiFactorAuthPresent"\n'
                '  values   = ["true"]\n}',
            )


def _chained(view: View) -> bool:
    """Whether somebody stands two steps, or more, before an administrator."""
    before: dict[str, set[str]] = {}
    for (tail, head), data in view.relations.edges.items():
        if data["how"] == "assume" and not data["refused"]:
            before.setdefault(head, set()).add(tail)
    return any(tail in before for admin in view.admins for tail in before.get(admin, ()))
