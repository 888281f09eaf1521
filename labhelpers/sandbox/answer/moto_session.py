"""Keep the host's AWS settings away from moto, and moto away from decisions.

moto asks boto3 for the names of Regions and services, and boto3 reads the host's profiles for
that: a broken file in ~/.aws or an absent AWS_PROFILE would break the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import boto3

from labhelpers.boto_session import IsolatedSession


class HostFreeSession(boto3.Session):
    """A boto3 Session that reads nothing of the host unless it is asked for something."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not args and not kwargs:
            kwargs["botocore_session"] = _botocore_session()
        super().__init__(*args, **kwargs)


def _botocore_session() -> IsolatedSession:
    return IsolatedSession("http://127.0.0.1:9", "us-east-1")  # never used for a call


def keep_host_out() -> None:
    """Give moto's core host-free sessions and switch its own authorization off."""
    import moto.core.base_backend
    import moto.core.utils
    import moto.settings

    moto.core.base_backend.Session = HostFreeSession
    moto.core.utils.Session = _botocore_session
    moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")  # else it checks signatures too


def leave_bucket_policies_to_the_gateway() -> None:
    """moto reads bucket policies too, without their conditions; the gateway has decided before."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    permitted = PermissionResult.PERMITTED
    FakeBucket.get_permission = lambda *_: permitted  # type: ignore[method-assign]


def leave_policies_to_the_engine() -> None:
    """moto wants a Version in every policy, texts for all values of conditions, and spells out
    the actions of trust policies; IAM does none of it (a Version only in managed policies)."""
    from moto.iam import policy_validation as moto

    nothing = staticmethod(lambda _: None)
    every, trust = moto.BaseIAMPolicyValidator, moto.IAMTrustPolicyDocumentValidator
    every._validate_version = lambda self: None  # type: ignore[method-assign]
    every._validate_condition_syntax = nothing  # type: ignore[assignment]
    trust._validate_version = lambda self: None  # type: ignore[method-assign]
    trust._validate_trust_policy_action = nothing  # type: ignore[assignment]


def share_aws_managed_policies() -> None:
    """moto reads AWS's 1,500 policies anew for each account of each sandbox, which was most of the
    time that opening one took. Nobody can change them: only the attachment count is an account's.
    Safe to call again."""
    from moto.iam.models import IAMBackend

    read = IAMBackend._init_aws_policies
    if hasattr(read, "_lab_originals"):
        return
    originals: dict[str, list[Any]] = {}

    def shared(backend: Any) -> list[Any]:
        partition = backend.region_name
        if partition not in originals:
            originals[partition] = read(backend)
        return [_copied(policy, backend.account_id) for policy in originals[partition]]

    shared._lab_originals = originals  # type: ignore[attr-defined]
    IAMBackend._init_aws_policies = shared  # type: ignore[method-assign, assignment]


def _copied(policy: Any, account_id: str) -> Any:
    other = object.__new__(type(policy))
    other.__dict__.update(policy.__dict__, account_id=account_id, attachment_count=0)
    return other


def forget_everything() -> None:
    """Drop what all accounts hold. moto's own reset makes each backend anew and throws it away
    then; only those that do more than that (S3 closes its files) are asked to."""
    from moto.core.base_backend import BackendDict, BaseBackend, backend_lock
    from moto.core.model_instances import reset_model_data

    with backend_lock:
        for service in BackendDict._instances:  # type: ignore[misc]
            for account in service.values():
                for backend in account.values():
                    if type(backend).reset is not BaseBackend.reset:
                        backend.reset()
            service.clear()
        BackendDict._instances.clear()  # type: ignore[misc]
    reset_model_data()


@contextmanager
def host_free_imports() -> Iterator[None]:
    """While moto loads a service: some of its modules make a session as they are imported."""
    with mock.patch.object(boto3, "Session", HostFreeSession):
        yield
