"""A thread stays with the connection that it has answered, and nobody has to wait for that."""

import re
import socket
import threading
from contextlib import ExitStack

import pytest

from labhelpers import open_lab
from labhelpers.sandbox import listening

ASK = b"GET /?Action=GetCallerIdentity&Version=2011-06-15 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def connect(lab):
    port = int(lab.endpoint_url.rsplit(":", 1)[1])
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def answers(connection, count=1):
    """So many whole answers, as (status, request id)."""
    text = b""
    found = []
    while len(found) < count:
        more = connection.recv(65536)
        assert more, f"The connection was closed after {len(found)} of {count} answers."
        text += more
        while head := re.match(
            rb"(?s)HTTP/1\.1 (\d+) .*?content-length: (\d+).*?\r\n\r\n", text, re.I
        ):
            end = head.end() + int(head[2])
            if len(text) < end:
                break
            found.append((int(head[1]), re.search(rb"<RequestId>(.*?)<", text[:end])[1]))
            text = text[end:]
    assert text == b""
    return found


@pytest.fixture
def turns(lab, monkeypatch):
    """How often somebody looked for requests of everybody."""
    seen = []
    loop = listening.Server._receive

    def counted(self):
        seen.append(threading.current_thread().name)
        return loop(self)

    monkeypatch.setattr(listening.Server, "_receive", counted)
    return seen


def test_one_client_wakes_nobody_else(lab, turns):
    with connect(lab) as connection:
        connection.sendall(ASK)
        assert answers(connection)[0][0] == 403
        before = len(turns)
        for _ in range(20):
            connection.sendall(ASK)
            answers(connection)
        assert len(turns) <= before + 1


@pytest.mark.parametrize("parts", [[ASK * 3], [ASK + ASK[:20], ASK[20:] + ASK], [*(ASK * 3)]])
def test_requests_that_come_together_or_in_parts(lab, parts):
    with connect(lab) as connection:
        connection.sendall(ASK)
        answers(connection)
        for part in parts:
            connection.sendall(bytes([part]) if isinstance(part, int) else part)
        found = answers(connection, 3)
    assert [status for status, _ in found] == [403] * 3
    assert len({request_id for _, request_id in found}) == 3


def test_whoever_has_gone_for_a_while_or_has_said_all_is_answered(lab, monkeypatch):
    monkeypatch.setattr(listening, "STAY", 1)
    with connect(lab) as connection:
        for _ in range(3):
            connection.sendall(ASK)
            assert answers(connection)[0][0] == 403
            threading.Event().wait(0.02)
    monkeypatch.setattr(listening, "STAY", 10_000)
    with connect(lab) as connection:
        for _ in range(2):
            connection.sendall(ASK)
            answers(connection)
        connection.sendall(ASK)
        connection.shutdown(socket.SHUT_WR)
        assert answers(connection)[0][0] == 403
        assert connection.recv(1) == b""


def test_more_clients_than_threads(lab, monkeypatch):
    """Each of them would be stayed with for ever."""
    monkeypatch.setattr(listening, "STAY", 1000)
    with ExitStack() as open_ones:
        clients = [open_ones.enter_context(connect(lab)) for _ in range(70)]
        for _ in range(2):
            for client in clients:
                client.sendall(ASK)
            for client in clients:
                assert answers(client)[0][0] == 403


def test_a_long_answer_to_a_slow_reader(lab):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="long", CreateBucketConfiguration={"LocationConstraint": lab.region})
    content = bytes(range(256)) * 40_000
    s3.put_object(Bucket="long", Key="k", Body=content)
    for _ in range(2):
        body = s3.get_object(Bucket="long", Key="k")["Body"]
        got = [body.read(1000)]
        threading.Event().wait(0.05)
        assert b"".join([*got, body.read()]) == content


def test_a_lab_is_closed_while_somebody_stays(monkeypatch):
    monkeypatch.setattr(listening, "STAY", 200)
    with open_lab("sandbox") as lab, connect(lab) as connection:
        port = lab.endpoint_url.rsplit(":", 1)[1]
        connection.sendall(ASK)
        answers(connection)
        lab.close()
        left = [t for t in threading.enumerate() if t.name == f"sts-lab-{port}"]
        for thread in left:
            thread.join(timeout=20)
        assert not any(thread.is_alive() for thread in left)
        assert connection.recv(1) == b""


def test_what_one_thread_sends_no_other_sends_again(lab, monkeypatch):
    """A thread that stays says "100 Continue", and the one that waits for everybody looks after
    whatever has something to send."""
    send, others = listening._Channel.send, []

    def slow(self, data, **more):
        if data.startswith(b"HTTP/1.1 100") and not others:
            others.append(threading.Thread(target=self.handle_write))
            others[0].start()
            others[0].join(timeout=0.2)  # as long as it takes where it does not wait
        return send(self, data, **more)

    monkeypatch.setattr(listening._Channel, "send", slow)
    head = ASK.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    with connect(lab) as connection:
        connection.sendall(ASK)
        answers(connection)
        connection.sendall(head.replace(b"GET", b"PUT"))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"x")
        assert answers(connection)[0][0] == 403
    others[0].join()
