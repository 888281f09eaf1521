"""The IAM policy language: parse, evaluate, explain. Pure: no boto3, no moto, no I/O.

policy = parse(text, kind="identity")
request = Request(principal, "s3:GetObject", "arn:aws:s3:::bucket/key")
print(explain(evaluate(request, identity=[policy])))
"""

from .context import principal_context
from .decision import Decision
from .evaluate import evaluate
from .explain import Explanation, explain
from .lines import decide_line
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

__all__ = [
    "ALLOWED",
    "EXPLICITLY_DENIED",
    "IMPLICITLY_DENIED",
    "POLICY_NAMES",
    "Decision",
    "Explanation",
    "Failure",
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
    "parse",
    "principal_context",
]
