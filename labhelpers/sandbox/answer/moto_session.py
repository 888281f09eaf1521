"""Keep moto away from decisions, and from reading the same policies again and again."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from labhelpers.sandbox.state.service_locks import briefly, touch

_making: defaultdict[str, Any] = defaultdict(threading.RLock)


def leave_signatures_to_the_gateway() -> None:
    """Switch moto's own authorization off."""
    import moto.settings

    moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")


def leave_bucket_policies_to_the_gateway() -> None:
    """moto reads bucket policies too, without their conditions; the gateway has decided before."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    permitted = PermissionResult.PERMITTED
    FakeBucket.get_permission = lambda *_: permitted  # type: ignore[method-assign]


def leave_key_policies_to_the_gateway() -> None:
    """moto reads key policies for DescribeKey, without their principals."""
    from moto.kms import responses

    responses.validate_policy = lambda *_: None


def write_permissions_as_lambda_does() -> None:
    """moto loses one of two conditions with the same operator, and knows neither accounts by
    their number nor users and roles as principals. Source: Lambda Developer Guide, "Viewing
    resource-based IAM policies"; API Reference, AddPermission."""
    from moto.awslambda.policy import Policy

    Policy.principal_formatter = _principal  # type: ignore[method-assign, assignment]
    Policy.condition_merge = _conditions  # type: ignore[method-assign, assignment]


def _principal(_: Any, principal: Any) -> Any:
    if not isinstance(principal, str) or principal == "*":
        return principal
    if len(principal) == 12 and principal.isdigit():
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    return {"AWS" if principal.startswith("arn:") else "Service": principal}


def _conditions(_: Any, statement: dict[str, Any]) -> None:
    blocks = [statement.pop(name, None) for name in ("Condition", "SourceArn", "SourceAccount")]
    url_type = statement.pop("FunctionUrlAuthType", None)
    if url_type is not None:
        blocks.append({"StringEquals": {"lambda:FunctionUrlAuthType": url_type}})
    if statement.pop("InvokedViaFunctionUrl", None) is not None:
        blocks.append({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}})
    merged: dict[str, dict[str, Any]] = {}
    for block in filter(None, blocks):
        for operator, keys in block.items():
            merged.setdefault(operator, {}).update(keys)
    if merged:
        statement["Condition"] = merged


def leave_policies_to_the_engine() -> None:
    """moto's own reading of documents refuses some that IAM takes, AWS's managed policies among
    them; documents.py has read them before."""
    from moto.iam import models

    class Unread:
        def __init__(self, policy_document: str): ...

        def validate(self) -> None: ...

    # The names in moto's IAM only: its ECR has another use for the same classes.
    models.IAMPolicyDocumentValidator = Unread  # type: ignore[misc, assignment]
    models.IAMTrustPolicyDocumentValidator = Unread  # type: ignore[misc, assignment]


def lock_each_service() -> None:
    """Have whoever looks at a service's state take its lock. moto itself has one for all services
    and holds it while it makes a backend, which EC2's takes its time for. Safe to call again."""
    from moto.core.base_backend import AccountSpecificBackend, BackendDict
    from moto.settings import allow_unknown_region

    def of_account(self: Any, account_id: str) -> Any:
        touch(self.service_name)
        if account_id not in dict.keys(self):
            self._create_account_specific_backend(account_id)
        return dict.__getitem__(self, account_id)

    def of_region(self: Any, region: str) -> Any:
        region = "aws" if region == "global" else region
        if region not in dict.keys(self) and (region in self.regions or allow_unknown_region()):
            with _making[self.service_name]:
                if region not in dict.keys(self):
                    self[region] = self.backend(region, account_id=self.account_id)
        return dict.__getitem__(self, region)

    BackendDict.__getitem__ = of_account  # type: ignore[method-assign]
    AccountSpecificBackend.__getitem__ = of_region  # type: ignore[method-assign]


def note_keys_briefly() -> None:
    """moto notes the use of a key with IAM at the start of each call. Until the end of the call
    nothing in IAM could be changed. Safe to call again."""
    from moto.iam import models

    note = models.mark_account_as_visited
    if hasattr(note, "_lab_original"):
        return

    def briefly_noted(*args: Any, **kwargs: Any) -> None:
        with briefly():
            note(*args, **kwargs)

    briefly_noted._lab_original = note  # type: ignore[attr-defined]
    models.mark_account_as_visited = briefly_noted


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
