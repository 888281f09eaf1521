"""Random bytes that are fetched many at once."""

import os
import uuid

import pytest

from labhelpers.sandbox.wire import ids


def test_ids_are_uuids_and_never_come_twice():
    found = [ids.new_id() for _ in range(600)]  # more than one fetch
    assert len(set(found)) == 600
    assert {uuid.UUID(one).version for one in found} == {4}
    assert [len(ids.token_bytes(count)) for count in (0, 10, 264, 9000)] == [0, 10, 264, 9000]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_fork_hands_out_others():
    ids.token_bytes(1)  # so that there is something left
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, ids.token_bytes(16))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 16) != ids.token_bytes(16)
    os.close(reader)
    os.close(writer)
