"""The plain values that go into an evaluation and come out of it.

Nothing here decides; see deciding/evaluate.py and deciding/trust.py for the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

ALLOWED = "Allowed"
IMPLICITLY_DENIED = "ImplicitlyDenied"
EXPLICITLY_DENIED = "ExplicitlyDenied"

KINDS = ("identity", "trust", "resource", "session", "boundary", "scp", "rcp")

# Every authenticated caller may use these; no policy can refuse them (AWS STS API Reference).
UNGOVERNED = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})

POLICY_NAMES = {
    "identity": "identity-based policy",
    "trust": "trust policy",
    "resource": "resource-based policy",
    "session": "session policy",
    "boundary": "permissions boundary",
    "scp": "service control policy",
    "rcp": "resource control policy",
}


#: What the session policies of GetScopedCredentials are called; a number tells their layer.
SCOPE_DOWN = "scope-down policy"


def require_kind(kind: str) -> None:
    """Raise ValueError for a kind of policy that does not exist."""
    if kind not in KINDS:
        raise ValueError(f"There is no policy kind {kind!r}; use one of {', '.join(KINDS)}.")


class PolicyError(ValueError):
    """A policy document that AWS would refuse, or a line of `decide` that holds no request.

    `str(error)` is AWS's wording where it is known, `path` a JSON path such as
    `Statement[0].Action` ("" for the whole document), `hint` what to write instead. `at_name`
    says that the name at the path is wrong, not its value. `stage` is the pass of AWS's parser
    that finds it: of several defects the one of the earliest pass is told. `line` and `column`
    are set where the text is no JSON.
    """

    def __init__(
        self,
        message: str,
        path: str = "",
        hint: str = "",
        *,
        at_name: bool = False,
        stage: int = 0,
    ):
        super().__init__(message)
        self.stage = stage
        self.path = path
        self.hint = hint
        self.at_name = at_name
        self.line = self.column = 1


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes the request.

    `kind` is one of user, role-session, root, federated-user, service, web-identity, saml
    or anonymous. `arn` is what GetCallerIdentity shows; a service has its name there
    (`ec2.amazonaws.com`), a web or SAML identity its provider, an anonymous caller "".
    `account` is 12 digits, "" for callers that belong to no account. `unique_id` is the
    user's AIDA id or, for a role session, the role's AROA id without the session name.
    """

    kind: str
    arn: str
    account: str
    unique_id: str = ""
    role_arn: str = ""
    user_arn: str = ""


# What a condition key holds in a request; booleans and numbers are compared as text.
Scalar = str | bytes | bool | int | float
Value = Scalar | Sequence[Scalar] | None


#: What Request.is_modelled is asked about a request whose resource nobody knows.
RESOURCE = "the resource"


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource, with the condition keys that the service sends along.

    `resource` None means that the caller of the engine does not know the resource: only a
    Resource of exactly "*" can allow then, while every Deny on resources matches.
    `resource_account` defaults to the account in the ARN, then to the principal's.
    `is_modelled(key)` says whether an absent key is truly absent (True) or merely unknown to
    the caller of the engine (False); None means that all keys are known. It is asked with the
    key as the policy spells it, and with RESOURCE where `resource` is None: False leaves every
    statement undecided that names resources.
    """

    principal: Principal
    action: str
    resource: str | None
    resource_account: str = ""
    context: Mapping[str, Value] = field(default_factory=dict)
    is_modelled: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a statement did not match: one element, with both values.

    `element` is the statement's element ("Principal", "NotAction", "Condition", ...);
    `operator` and `key` are set for conditions. `wanted` holds the policy's values, `got`
    the request's (None: the request has none). `unmodelled` marks a key whose value nobody
    knows, as opposed to one that is absent.
    """

    element: str
    operator: str = ""
    key: str = ""
    wanted: tuple[str, ...] = ()
    got: tuple[str, ...] | None = None
    unmodelled: bool = False


@dataclass(frozen=True, slots=True)
class StatementResult:
    """One statement held against one request. `index` counts from 0 within its policy."""

    policy_type: str
    policy_name: str
    index: int
    sid: str
    effect: str
    matched: bool
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the evaluation, in AWS's order.

    `name` is "explicit deny", "not modelled" or a policy type; `result` an outcome word, or
    "" where the step does not apply; `detail` one sentence; `ended` marks the step that
    decided.
    """

    name: str
    result: str
    detail: str
    ended: bool = False
