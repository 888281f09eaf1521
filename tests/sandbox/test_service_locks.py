"""A slow call, or one that never ends, holds up its own service and no other."""

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.config import Config

from labhelpers.sandbox.answer import moto
from labhelpers.sandbox.state import service_locks
from labhelpers.sandbox.state.service_locks import ServiceLocks, StillBusy, touch

#: Service -> a call of it, and the method of moto's backend that is asked for the answer.
SLOW = {
    "ec2": ("describe_vpcs", {}, "moto.ec2.models:EC2Backend.describe_vpcs"),
    "s3": (
        "list_object_versions",
        {"Bucket": "slow"},
        "moto.s3.models:S3Backend.list_object_versions",
    ),
    "sqs": ("list_queues", {}, "moto.sqs.models:SQSBackend.list_queues"),
    "iam": ("list_roles", {}, "moto.iam.models:IAMBackend.list_roles"),
}
QUICK = {
    "sts": ("get_caller_identity", {}),
    "iam": ("list_users", {}),
    "s3": ("list_buckets", {}),
    "ec2": ("describe_regions", {}),
    "sqs": ("list_queues", {}),
    "secretsmanager": ("list_secrets", {}),
}
LAST = 15  # seconds until a stub gives up; nothing waits for it unless it is held up


class Gate:
    """Stands in for something slow: it is in there until the test lets it go."""

    def __init__(self):
        self.reached, self.open, self.inside = threading.Event(), threading.Event(), 0

    def __call__(self, *args, **kwargs):
        self.inside += 1
        self.reached.set()
        self.open.wait(LAST)
        self.inside -= 1
        return []


@pytest.fixture(scope="module")
def shared():
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        session = lab.session()
        lab.session().client("s3").create_bucket(
            Bucket="slow", CreateBucketConfiguration={"LocationConstraint": lab.region}
        )
        for service in ("ec2", "sqs", "secretsmanager"):
            moto.moto_app(service)
        yield session


def client_of(session, service):
    return session.client(service, config=Config(retries={"total_max_attempts": 1}))


@pytest.mark.parametrize("service", SLOW)
def test_a_slow_service_holds_up_no_other(shared, monkeypatch, service):
    """Not even when nine more calls wait for it."""
    operation, params, place = SLOW[service]
    module, _, name = place.partition(":")
    gate = Gate()
    monkeypatch.setattr(
        getattr(importlib.import_module(module), name.split(".")[0]), name.split(".")[1], gate
    )
    slow = getattr(client_of(shared, service), operation)
    with ThreadPoolExecutor(9) as pool:
        calls = [pool.submit(attempt, slow, params) for _ in range(9)]
        assert gate.reached.wait(LAST)
        for other, (quick, wanted) in QUICK.items():
            if other != service:
                getattr(client_of(shared, other), quick)(**wanted)
        if service != "iam":  # what changes IAM has to wait for whoever looks at it
            client_of(shared, "iam").create_group(GroupName=service)
        # Still waiting for the test, and one at a time unless they only look.
        assert gate.inside == 1 or service == "iam"
        assert not any(call.done() for call in calls)
        gate.open.set()
        assert all(call.result() for call in calls)


def attempt(call, params):
    try:
        return call(**params)
    except Exception as error:  # a stub's answer is no service's
        return error


def test_a_first_call_holds_up_no_other_first_call(shared, monkeypatch):
    gate, build = Gate(), moto._build_app
    monkeypatch.setattr(moto, "_apps", dict(moto._apps))
    for service in ("sqs", "secretsmanager"):
        moto._apps.pop(service, None)
    monkeypatch.setattr(moto, "_build_app", lambda name: (name == "sqs" and gate()) or build(name))
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client_of(shared, "sqs").list_queues)
        assert gate.reached.wait(LAST)
        client_of(shared, "secretsmanager").list_secrets()
        assert gate.inside == 1
        gate.open.set()
        call.result()


def test_a_call_that_never_ends_is_said_to_be_in_the_way(shared, monkeypatch):
    monkeypatch.setattr(service_locks, "PATIENCE", 0.05)
    gate = Gate()
    monkeypatch.setattr(importlib.import_module("moto.sqs.models").SQSBackend, "list_queues", gate)
    sqs = client_of(shared, "sqs")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(attempt, sqs.list_queues, {})
        assert gate.reached.wait(LAST)
        with pytest.raises(Exception, match="calls of sqs beside one that has not been answered"):
            sqs.list_queues()
        gate.open.set()


def test_moto_takes_the_lock_of_a_service_that_it_looks_at():
    from moto.iam.models import iam_backends

    locks = ServiceLocks()
    with locks.hold("ec2"):
        with locks.hold():
            assert iam_backends["111122223333"] and set(locks._owners) == {"ec2", "iam"}
        assert set(locks._owners) == {"ec2"}
    iam_backends["111122223333"]
    assert not locks._owners  # a cell of the notebook takes nothing


def test_a_lock_is_waited_for_and_given_back(monkeypatch):
    monkeypatch.setattr(service_locks, "PATIENCE", 0.02)
    locks, order, holding = ServiceLocks(), [], threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with locks.hold("s3"):
            pool.submit(locks.take, "ec2").result()
            busy = pool.submit(locks.take, "s3")
            assert isinstance(busy.exception(), StillBusy)
            monkeypatch.setattr(service_locks, "PATIENCE", LAST)

            def wait():
                holding.set()
                with locks.hold("s3"):
                    order.append("second")

            second = pool.submit(wait)
            assert holding.wait(LAST)
            order.append("first")
        second.result()
    assert order == ["first", "second"]


def test_two_that_look_at_each_other_do_not_wait_for_ever():
    """S3's call looks at SNS while SNS's looks at S3: one waits, the other does without."""
    locks, both, done = ServiceLocks(), threading.Barrier(2), []

    def call(own, other):
        with locks.hold(own):
            both.wait(LAST)
            touch(other)
            done.append(own)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(call, ("s3", "sns"), ("sns", "s3")))
    assert sorted(done) == ["s3", "sns"] and not locks._owners and not locks._waiting
