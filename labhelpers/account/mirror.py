"""The mirror: a sandbox in which every call to AWS is made once more, to know what to expect.

AWS changes its mind for some seconds after a policy has changed, and does not say why it refuses
AssumeRole. The sandbox decides at once and gives its reasons. So each call is repeated there, by
the same lesson identity, and both answers are compared: AWS is asked again until they agree or
patience ends. AWS's word counts. No real credential reaches the mirror: it hands out its own, and
only a table in this process knows which belong together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyotp

from labhelpers.account.bodies import Held
from labhelpers.account.names import FREE_TEXTS
from labhelpers.account.state.threads import Turns
from labhelpers.errors import SandboxOnly
from labhelpers.outcome import Outcome

if TYPE_CHECKING:
    import boto3

# Ids, keys, secrets, tokens: what each side makes up for itself.
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_-]{16,}")
_EC2_ID = re.compile(r"\b(?:i|sg|vpc|subnet|vol|eni)-[0-9a-f]{8,17}\b")
_CODES = ("TokenCode", "AuthenticationCode1", "AuthenticationCode2")
_NOT_MIRRORED = frozenset(
    ("AssumeRoleWithSAML", "RunInstances", "DescribeInstances")
    + ("TerminateInstances", "ModifyInstanceMetadataOptions", "DescribeInstanceAttribute")
)


@dataclass(frozen=True)
class Reply:
    """One answer: `parsed` of a call that succeeded, else the error's code, and what it tells of
    the policy that refused: (outcome, kind of policy), None where it tells nothing. An `early`
    refusal of AWS may still come from the policies before the last change; after an `unsure`
    error nobody knows whether the call was carried out."""

    parsed: dict[str, Any] | None = None
    code: str = ""
    told: tuple[str, str | None] | None = None
    outcome: Outcome | None = None
    early: bool = False
    unsure: bool = False

    def agrees_with(self, other: Reply) -> bool:
        """Both succeeded, or both failed with the same code."""
        return self.code == other.code

    def blames_another(self, other: Reply) -> bool:
        """Both say who refused, and do not say the same."""
        return None not in (self.told, other.told) and self.told != other.told

    def __str__(self) -> str:
        told = f" ({self.told[0]} by {self.told[1]})" if self.told else ""
        return f"{self.code or 'allowed'}{told}"


class Mirror:
    """`sandbox` is an open sandbox Lab that belongs to the mirror alone."""

    def __init__(self, sandbox: Any) -> None:
        self.sandbox = sandbox
        self._turns = Turns()
        self._twins: dict[str, str] = {}  # AWS's id, key, secret or token -> the mirror's
        self._learners: dict[str, str] = {}  # the learner's ARNs -> the mirror's administrator's
        self._clients: dict[tuple[boto3.Session, str], Any] = {}
        self._seeds: dict[str, tuple[str, str]] = {}  # MFA serial number -> both seeds

    def session(self, account_id: str, learner: Any) -> boto3.Session:
        """The mirror's administrator of a lesson account, who stands for the learner."""
        session = self.sandbox.session(account_id)
        key_id = learner.get_credentials().access_key
        self._twins[key_id] = session.get_credentials().access_key
        return session

    def session_of(self, keys: Mapping[str, Any]) -> boto3.Session | None:
        """The mirror's session for AWS credentials; None for some that it never saw issued."""
        names = [n for n in ("AccessKeyId", "SecretAccessKey", "SessionToken") if keys.get(n)]
        twins = {name: self._twins.get(keys[name]) for name in names}
        if None in twins.values():
            return None
        return self.sandbox.session_from(twins)

    def ask(
        self, session: boto3.Session | None, service: str, operation: str, given: Mapping
    ) -> Reply | None:
        """Make a lesson's call here; None where the mirror has no opinion."""
        if session is None or operation in _NOT_MIRRORED or self._is_for_aws_alone(given):
            return None
        try:
            client = self._client(session, service)
            names = {api: name for name, api in client.meta.method_to_api_mapping.items()}
            outcome = self.sandbox.attempt(
                getattr(client, names[operation]), **self._as_here(given)
            )
        except (SandboxOnly, KeyError):
            return None
        if outcome.blocked_by in ("not modelled", "client"):
            return None
        if operation == "CreateBucket" and outcome.succeeded:
            self._block_public_access(client, given["Bucket"])
        told = None if outcome.allowed else (outcome.outcome, outcome.blocked_by)
        return Reply(outcome.response, outcome.code, told, outcome)

    def _client(self, session: boto3.Session, service: str) -> Any:
        """A client for each session and service: making one costs more than a call."""
        key = (session, service)
        with self._turns:
            if key not in self._clients:
                self._clients[key] = session.client(service)
            return self._clients[key]

    def learn(self, operation: str, real: Mapping[str, Any], here: Mapping[str, Any]) -> None:
        """Remember which ids, keys and secrets of the two answers belong together."""
        if operation == "GetCallerIdentity" and real["Arn"] != here["Arn"]:
            self._learners[real["Arn"]] = here["Arn"]
        if operation == "CreateVirtualMFADevice":
            ours, theirs = real["VirtualMFADevice"], here["VirtualMFADevice"]
            seeds = (ours["Base32StringSeed"], theirs["Base32StringSeed"])
            self._seeds[ours["SerialNumber"]] = tuple(seed.decode() for seed in seeds)
        self._pair(
            {k: v for k, v in real.items() if k != "ResponseMetadata"},
            {k: v for k, v in here.items() if k != "ResponseMetadata"},
        )

    def _pair(self, real: Any, here: Any) -> None:
        if isinstance(real, Mapping) and isinstance(here, Mapping):
            for key in real.keys() & here.keys():
                self._pair(real[key], here[key])
        elif isinstance(real, list) and isinstance(here, list) and len(real) == len(here):
            for ours, theirs in zip(real, here, strict=True):
                self._pair(ours, theirs)
        elif (
            isinstance(real, str)
            and isinstance(here, str)
            and (_OPAQUE.fullmatch(real) or _EC2_ID.fullmatch(real))
        ):
            self._twins[real] = here

    def _is_for_aws_alone(self, given: Mapping[str, Any]) -> bool:
        """A real identity provider's token, unless one of the mirror's own stands for it."""
        parts = str(given.get("WebIdentityToken", "")).split(".")
        return len(parts) == 3 and parts[2] not in self._twins

    def _as_here(self, given: Mapping[str, Any]) -> dict[str, Any]:
        seeds = self._seeds.get(given.get("SerialNumber", ""))
        return {
            name: self._code(value, *seeds) if seeds and name in _CODES else value
            for name, value in self._value(given).items()
        }

    def _value(self, value: Any, name: str = "") -> Any:
        if isinstance(value, Held):
            return value.content
        if name in FREE_TEXTS:
            return value
        if isinstance(value, Mapping):
            return {key: self._value(inner, key) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._value(inner) for inner in value]
        if not isinstance(value, str):
            return value
        for learner, administrator in self._learners.items():
            value = value.replace(learner, administrator)
        for pattern in (_OPAQUE, _EC2_ID):
            value = pattern.sub(lambda m: self._twins.get(m[0], m[0]), value)
        return value

    def _block_public_access(self, client: Any, bucket: str) -> None:
        """As AWS does for every new bucket since 2023."""
        names = (
            "BlockPublicAcls",
            "IgnorePublicAcls",
            "BlockPublicPolicy",
            "RestrictPublicBuckets",
        )
        client.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(names, True)
        )

    def _code(self, code: Any, real_seed: str, seed_here: str) -> Any:
        """The code of the same moment from the mirror's device; a wrong code stays wrong."""
        ours, theirs = pyotp.TOTP(real_seed), pyotp.TOTP(seed_here)
        now = self.sandbox.clock.now()
        for steps in sorted(range(-20, 21), key=abs):
            moment = now + timedelta(seconds=30 * steps)
            if ours.at(moment) == code:
                return theirs.at(moment)
        return code
