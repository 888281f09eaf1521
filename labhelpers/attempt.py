"""What both grounds share: the name of a call, the credentials in an answer, the outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labhelpers.errors import LabError
from labhelpers.outcome import Outcome
from labhelpers.policy import ALLOWED, IMPLICITLY_DENIED

Refused = Callable[[str, Any], Outcome]


def attempt(
    call: Callable[..., Any],
    args: tuple[Any, ...],
    parameters: Mapping[str, Any],
    refused: Refused,
    is_closed: Callable[[], bool],
) -> Outcome:
    """Make a boto3 call and report what became of it.

    `refused(action, ClientError)` makes an Outcome of a service's error. Raises LabError where
    there is no answer of a service: a closed lab, arguments that do not fit.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if not callable(call):
        raise LabError(
            "attempt() makes the call itself, and this one was made already. Give it what stands "
            "before its brackets: lab.attempt(iam.list_users), not lab.attempt(iam.list_users())."
        )
    action = action_name(call)
    try:
        response = call(*args, **parameters)
    except ClientError as error:
        return refused(action, error)
    except BotoCoreError as error:
        if is_closed():
            raise LabError("This lab is closed. Open one with lab = open_lab().") from None
        return Outcome(
            IMPLICITLY_DENIED,
            action,
            code=type(error).__name__,
            message=str(error),
            blocked_by="client",
            reason=f"boto3 itself did not send this call. {_client_hint(error)}".strip(),
        )
    except TypeError as error:
        raise LabError(f"{action} cannot be called like this: {error}") from None
    return Outcome(ALLOWED, action, response=response)


def credentials_in(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mapping that holds the keys: the answer itself or its Credentials / AccessKey."""
    if isinstance(answer, Mapping):
        for found in (answer, answer.get("Credentials"), answer.get("AccessKey")):
            if isinstance(found, Mapping) and found.keys() >= {"AccessKeyId", "SecretAccessKey"}:
                return found
    if answer is None:
        raise LabError(
            "There are no credentials (None) to make a session of: was the call refused?"
        )
    raise LabError(
        "session_from() takes the Credentials of an STS answer or the AccessKey of "
        f"CreateAccessKey (AccessKeyId, SecretAccessKey, …), not {type(answer).__name__}."
    )


def action_name(call: Callable[..., Any]) -> str:
    """ "sts:AssumeRole" for the bound method of a boto3 client."""
    client = getattr(call, "__self__", None)
    meta = getattr(client, "meta", None)
    name = getattr(call, "__name__", str(call))
    if meta is None or not hasattr(meta, "method_to_api_mapping"):
        return name
    operation = meta.method_to_api_mapping.get(name, name)
    return f"{meta.service_model.signing_name}:{operation}"


def _client_hint(error: Exception) -> str:
    if "type: <class 'dict'>" in str(error) and "Document" in str(error):
        return "A policy is sent as JSON text: wrap the dict in json.dumps(...)."
    return ""
