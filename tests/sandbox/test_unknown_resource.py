"""A request whose resource nobody knows: its answer is AWS's where every resource would get the
same one, and an honest refusal where policies tell resources apart."""

import pytest
from scene import allow, deny, policy

from labhelpers.policy import Principal, Request, evaluate, parse
from labhelpers.policy.language.model import RESOURCE

CALLER = Principal("user", "arn:aws:iam::111122223333:user/anna", "111122223333")
ONE = "arn:aws:states:a:111122223333:execution:a:b"
ACTION = "states:DescribeExecution"
CASES = {
    "nothing allows it": ([], "identity"),
    "another action": ([allow("states:ListExecutions")], "identity"),
    "everything": ([allow(ACTION)], None),
    "one resource": ([allow(ACTION, ONE)], "not modelled"),
    "everything but one": (
        [{"Effect": "Allow", "Action": "*", "NotResource": ONE}],
        "not modelled",
    ),
    "a deny of one": ([allow(ACTION), deny("*", ONE)], "not modelled"),
    "a deny of one, and no allow": ([deny("*", ONE)], "identity"),
    "a deny of all": ([allow(ACTION, ONE), deny("*")], "identity"),
}


@pytest.mark.parametrize("statements, blocked_by", CASES.values(), ids=CASES)
def test_what_hangs_on_the_resource(statements, blocked_by):
    request = Request(CALLER, ACTION, None, is_modelled=lambda key: key != RESOURCE)
    identity = [parse(policy(*statements), "identity")] if statements else []
    for _ in range(2):  # the second answer must not be a kept one of somebody who knows
        assert evaluate(request, identity=identity).blocked_by == blocked_by
        evaluate(Request(CALLER, ACTION, None), identity=identity)
