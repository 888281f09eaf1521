"""Lab: the one handle a notebook holds."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from labhelpers.attempt import attempt, credentials_in
from labhelpers.cell_errors import tell_in_sentences
from labhelpers.errors import LabError
from labhelpers.outcome import REFUSAL_CODES, Outcome
from labhelpers.policy import ALLOWED, IMPLICITLY_DENIED, explain

if TYPE_CHECKING:
    import boto3
    from botocore.exceptions import ClientError

    from labhelpers.account.lab import AccountLab
    from labhelpers.sandbox.federation import IdentityProvider, SamlIdentityProvider
    from labhelpers.sandbox.state.clock import LabClock
    from labhelpers.sandbox.state.sessions import Session
    from labhelpers.sandbox.workloads.container_credentials import ContainerCredentials
    from labhelpers.sandbox.workloads.instance_metadata import InstanceMetadata
    from labhelpers.terraform import Configuration, Deployment

DEFAULT_ACCOUNT = "111122223333"
DEFAULT_REGION = "ap-northeast-2"
BACKENDS = ("sandbox", "aws")

_open_lab: Lab | AccountLab | None = None


class Lab:
    """An AWS of your own: any 12-digit id is an account, each with an administrator.

    Made by open_lab(). Closing it (or leaving its `with` block) stops the endpoint; what it
    held is gone.
    """

    def __init__(self, port: int = 0) -> None:
        from labhelpers.sandbox.server import PortInUse, Sandbox

        try:
            self._sandbox = Sandbox(port)
        except (PortInUse, ValueError) as error:
            raise LabError(str(error)) from None
        self.account_id = DEFAULT_ACCOUNT
        self.region = DEFAULT_REGION
        self._sessions: dict[str, boto3.Session] = {}
        self._closed = False
        self._sandbox.administrator(self.account_id)

    @property
    def endpoint_url(self) -> str:
        """http://127.0.0.1:PORT, for every service and every account."""
        return self._sandbox.endpoint_url

    @property
    def clock(self) -> LabClock:
        """The lab's time; `advance(seconds=…)` or `advance(timedelta(…))` moves it forward."""
        return self._sandbox.clock

    def session(self, account_id: str | None = None) -> boto3.Session:
        """A boto3 Session of an account's administrator: an IAM user, not the root user.

        Its keys are long-term, so the lab stays usable however far the clock is moved.
        """
        account_id = self._account(account_id)
        if account_id not in self._sessions:
            keys = self._sandbox.administrator(account_id)
            self._sessions[account_id] = self._boto_session(*keys)
        return self._sessions[account_id]

    def _account(self, account_id: str | None) -> str:
        account_id = self.account_id if account_id is None else account_id
        if not isinstance(account_id, str) or not re.fullmatch(r"\d{12}", account_id, re.ASCII):
            raise LabError(
                f"{account_id!r} is no account id: write 12 digits as text, e.g. '444455556666'."
            )
        return account_id

    def client(self, service: str) -> Any:
        """Short for `lab.session().client(service)`."""
        return self.session().client(service)

    def environ(self, session: boto3.Session | None = None) -> dict[str, str]:
        """Variables that lead any AWS tool to the sandbox: the CLI, Terraform, another SDK.

        `session` (by default the administrator's) gives the keys. Configuration files and
        instance metadata of the host are switched off, so that nothing else leaks in.
        """
        keys = (session or self.session()).get_credentials().get_frozen_credentials()
        found = {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ENDPOINT_URL_STS": self.endpoint_url,  # Terraform reads no other for its roles
            "AWS_METADATA_ENDPOINT": self.endpoint_url,  # object_store knows no switch
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return found | ({"AWS_SESSION_TOKEN": keys.token} if keys.token else {})

    def terraform_environ(self, session: boto3.Session | None = None) -> dict[str, str]:
        """Variables for an unmodified `terraform init`, `plan`, `apply` and `destroy`."""
        return self.environ(session) | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}

    def session_from(
        self, credentials: Mapping[str, Any], *, source_ip: str | None = None
    ) -> boto3.Session:
        """A boto3 Session from the `Credentials` of an STS answer, the `AccessKey` of
        CreateAccessKey, or the whole answer. Its calls come from `source_ip`, else 127.0.0.1."""
        keys = credentials_in(credentials)
        key_id, secret = keys["AccessKeyId"], keys["SecretAccessKey"]
        if source_ip is not None:
            secret = _told(self._sandbox.secret_from, source_ip, key_id, secret)
        return self._boto_session(key_id, secret, keys.get("SessionToken"))

    def attempt(self, call: Callable[..., Any], /, *args: Any, **parameters: Any) -> Outcome:
        """Make a boto3 call and report what became of it, refused or not.

        `call` is a client's method, `parameters` its arguments. Errors that are no answer of a
        service (a lab that is closed, say) are raised as LabError.
        """
        return attempt(call, args, parameters, self._refused, lambda: self._closed)

    def root_session(self, account_id: str | None = None) -> boto3.Session:
        """A boto3 Session of an account's root user, with long-term keys.

        For the lessons about what root may not do; everything else is the administrator's.
        """
        return self._boto_session(*self._sandbox.root_key(self._account(account_id)))

    def identity_provider(self, url: str) -> IdentityProvider:
        """An OpenID Connect issuer with keys of its own, e.g. GitHub's; see IdentityProvider.

        The same URL gives the same issuer. It is not registered with IAM by this.
        """
        from labhelpers.sandbox.federation import issuer

        try:
            return issuer(url, self.clock, self._sandbox.gateway.registry)
        except ValueError as error:
            raise LabError(str(error)) from None

    def saml_provider(self, entity_id: str = "https://idp.example.com") -> SamlIdentityProvider:
        """A SAML 2.0 identity provider with a key of its own; see SamlIdentityProvider.

        It is not registered with IAM by this: iam.create_saml_provider takes its `metadata`.
        """
        from labhelpers.sandbox.federation import SamlIdentityProvider

        try:
            return SamlIdentityProvider(entity_id, self.clock)
        except ValueError as error:
            raise LabError(str(error)) from None

    def deploy(
        self, configuration: Configuration, session: boto3.Session | None = None
    ) -> Deployment:
        """Create what a Terraform configuration declares, in the order of its references.

        `session` (by default the administrator's) makes the calls and needs the permissions.
        The Deployment names what was created; its destroy() removes it again. Raises
        TerraformError with the resource, its line and the service's words; then nothing is left.
        """
        from labhelpers.progress import progress_bar
        from labhelpers.terraform import deploy

        return deploy(configuration, lambda: session or self.session(), progress_bar("Deploying"))

    def sessions(self) -> list[Session]:
        """Every role session that STS handed out in this lab, in order of issue."""
        return [s for s in self._sandbox.gateway.registry.sessions.all() if s.is_role_session]

    def instance_metadata(self, instance_id: str) -> InstanceMetadata:
        """The metadata service of a running instance: `.endpoint_url`, and `.environ()` for a
        process that runs there."""
        return _told(self._sandbox.instance_metadata, instance_id)

    def container_credentials(self, role_arn: str) -> ContainerCredentials:
        """A container with a task role that trusts ecs-tasks.amazonaws.com: `.environ()` is for
        a process that runs in it."""
        containers = self._sandbox.gateway.workloads.containers
        now = self.clock.now()
        return _told(containers.start, self.endpoint_url, role_arn, self.region, now)

    @property
    def trail(self) -> list[dict[str, Any]]:
        """CloudTrail's events of every account and Region, data events included, newest last.

        Requests that failed to authenticate belong to no account, so no trail shows them.
        """
        return self._sandbox.gateway.recorder.events()

    @property
    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Stop the endpoint. Can be called twice."""
        global _open_lab
        if not self._closed:
            self._closed = True
            self._sandbox.close()
        if _open_lab is self:
            _open_lab = None

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"at {self.endpoint_url}"
        return f"Lab(sandbox {state}, account {self.account_id}, Region {self.region})"

    def _boto_session(self, key_id: str, secret: str, token: str | None = None) -> boto3.Session:
        from labhelpers.boto_session import isolated_session

        return isolated_session(self.endpoint_url, self.region, key_id, secret, token)

    def _refused(self, action: str, raised: ClientError) -> Outcome:
        """The Outcome of an error answer, with what the sandbox recorded about it."""
        response = raised.response
        error = response.get("Error", {})
        code, message = str(error.get("Code", "")), str(error.get("Message", ""))
        request_id = response.get("ResponseMetadata", {}).get("RequestId", "")
        record = self._sandbox.gateway.recorder.get(request_id)
        known: dict[str, Any] = {"action": action, "code": code, "message": message}
        if record is None:
            outcome = IMPLICITLY_DENIED if code in REFUSAL_CODES else ALLOWED
            return Outcome(outcome, **known)
        decision, refusal = record.decision, record.refusal
        if refusal is None:  # IAM said yes; the service itself found a fault
            return Outcome(ALLOWED, **known)
        if refusal.blocked_by == "service":
            return Outcome(ALLOWED, reason=refusal.reason, **known)
        if decision is not None and not decision.allowed:
            told = explain(decision)
            known |= {"blocked_by": decision.blocked_by, "reason": str(told), "explanation": told}
            return Outcome(decision.outcome, **known)
        reason = refusal.reason or _why_no_policy(refusal.blocked_by)
        return Outcome(IMPLICITLY_DENIED, blocked_by=refusal.blocked_by, reason=reason, **known)


def open_lab(
    backend: str | None = None, *, lesson: str = "", port: int = 0, mirrored: bool = True
) -> Lab | AccountLab:
    """Open a clean lab and return its handle.

    `backend` is "sandbox" (the default, also LAB_BACKEND) or "aws"; `lesson` is the number of
    the notebook, by which the lab on AWS knows what it is going to create. `port` is the
    sandbox's, 0 takes a free one; `mirrored=False` leaves out the sandbox beside AWS that knows
    what to expect. There is one lab a process: opening another closes the first and says so.
    """
    global _open_lab
    tell_in_sentences()
    backend = backend or os.environ.get("LAB_BACKEND") or "sandbox"
    if backend not in BACKENDS:
        raise LabError(
            f"There is no backend {backend!r} (from open_lab() or LAB_BACKEND): "
            f"use {' or '.join(BACKENDS)}."
        )
    if _open_lab is not None and not _open_lab.is_closed:
        _open_lab.close()
        print("The lab that was open is closed; this is a new, empty one.")
    _open_lab = Lab(port) if backend == "sandbox" else _account_lab(lesson, mirrored)
    return _open_lab


def _account_lab(lesson: str, mirrored: bool) -> AccountLab:
    from labhelpers.account.cleanup.remains import remains
    from labhelpers.account.lab import AccountLab
    from labhelpers.account.settings import Settings

    settings = Settings.read()
    lab = AccountLab(lesson, Lab() if mirrored else None, settings)
    for line in remains():
        print(line)
    return lab


def _told(call: Callable[..., Any], *args: Any) -> Any:
    """What the sandbox says is wrong, as an error that a learner sees without a stack trace."""
    try:
        return call(*args)
    except ValueError as error:
        raise LabError(str(error)) from None


def _why_no_policy(blocked_by: str) -> str:
    return {
        "authentication": "The credentials were refused before any policy was asked.",
        "request": "The request itself breaks a rule of the API; no policy was asked about it.",
        "not modelled": "This is a limit of the sandbox, not an answer of AWS.",
    }.get(blocked_by, "")
