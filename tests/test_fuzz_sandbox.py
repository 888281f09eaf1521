"""The short form of tests/fuzz_sandbox.py, and that it sees what it looks for."""

import pytest
from fuzz_guard import ask
from fuzz_requests import Request
from fuzz_sandbox import World, fuzz

HITS = [
    ("iam", "DeleteUserPolicy", {"UserName": "«foreign user»", "PolicyName": "«foreign policy»"}),
    ("s3", "DeleteObject", {"Bucket": "«foreign bucket»", "Key": "«foreign object»"}),
    ("ec2", "DisassociateAddress", {"AssociationId": "«foreign association»"}),
    ("ec2", "DisassociateIamInstanceProfile", {"AssociationId": "«foreign iip»"}),
    ("ec2", "TerminateInstances", {"InstanceIds": ["«foreign instance»"]}),
]


def test_what_is_denied_stays_as_it_is():
    result = fuzz("sample", 600, 80)
    assert not result.finds, "\n".join(map(str, result.finds.values()))
    assert result.counted["requests"] == 80 and result.counted["carried out"] > 0


@pytest.fixture(scope="module")
def world():
    with World() as made:
        yield made


@pytest.mark.parametrize(("service", "operation", "given"), HITS, ids=[one[1] for one in HITS])
def test_the_victims_things_are_denied_and_others_are_not(world, service, operation, given):
    """A request that hits is refused; the same for mallory's own is carried out, and is no find."""
    before = world.state()
    hit = Request(service, operation, "client", "alice", given)
    code, _ = ask(world, hit)
    assert code in ("AccessDenied", "UnauthorizedOperation")
    mine = {k: str(v).replace("foreign", "own") for k, v in given.items()}
    if operation == "TerminateInstances":
        mine = {"InstanceIds": ["«own instance»"]}
    if operation != "DisassociateAddress":  # mallory's association is a route table's
        assert ask(world, Request(service, operation, "client", "alice", mine)) == ("", False)
    assert world.state() == before


def test_a_change_is_seen(world):
    before = world.state()
    world._admin["iam"].tag_user(UserName="victim-user", Tags=[{"Key": "k", "Value": "v"}])
    changed = [label for label, text in world.state().items() if before[label] != text]
    assert [label.kind for label in changed] == ["tagger"]
