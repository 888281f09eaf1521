"""The IAM policy language: parse, validate, evaluate, explain. Pure: no boto3, no moto, no I/O.

policy = parse(text, kind="identity")
request = Request(principal, "s3:GetObject", "arn:aws:s3:::bucket/key")
print(explain(evaluate(request, identity=[policy])))
"""

from .context import principal_context
from .decision import Decision
from .evaluate import evaluate
from .explain import Explanation, explain
from .findings import Finding
from .lines import decide_line
from .linting import guess_kind, lint
from .model import (
    ALLOWED,
    EXPLICITLY_DENIED,
    IMPLICITLY_DENIED,
    POLICY_NAMES,
    Failure,
    PolicyError,
    Principal,
    Request,
    StatementResult,
    Step,
)
from .parse import parse
from .statement import Policy
from .trust import evaluate_trust
from .validate import (
    validate,
    validate_boundary,
    validate_identity,
    validate_rcp,
    validate_resource,
    validate_scp,
    validate_session,
    validate_trust,
)

__all__ = [
    "ALLOWED",
    "EXPLICITLY_DENIED",
    "IMPLICITLY_DENIED",
    "POLICY_NAMES",
    "Decision",
    "Explanation",
    "Failure",
    "Finding",
    "Policy",
    "PolicyError",
    "Principal",
    "Request",
    "StatementResult",
    "Step",
    "decide_line",
    "evaluate",
    "evaluate_trust",
    "explain",
    "guess_kind",
    "lint",
    "parse",
    "principal_context",
    "validate",
    "validate_boundary",
    "validate_identity",
    "validate_rcp",
    "validate_resource",
    "validate_scp",
    "validate_session",
    "validate_trust",
]
