"""One call to a real account: guard, rewrite, journal, ask, compare with the mirror, translate.

A mixin in front of botocore's client classes, put there by botocore's own event for that, so
that clients stay what they are: boto3's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.handlers import validate_bucket_name
from botocore.validate import ParamValidator

from labhelpers.account.asking import NEVER_MADE, Asking, Question, Send, eventually
from labhelpers.account.bodies import hold
from labhelpers.account.creates import KINDS, Marks, furnish, noted_name, with_marks
from labhelpers.account.documents import keys_of
from labhelpers.account.fence.boundaries import Boundaries
from labhelpers.account.fence.boundary import fenced, is_the_runs
from labhelpers.account.fence.exact import exact, not_too_deep
from labhelpers.account.fence.guard import Guard
from labhelpers.account.fence.hooks import answered, one_call
from labhelpers.account.fence.links import guarded_signers, rewritten
from labhelpers.account.fence.looked_at import LookedAt
from labhelpers.account.fence.once import READS
from labhelpers.account.fence.trust import without_strangers
from labhelpers.account.mirror import Reply
from labhelpers.account.names import Names
from labhelpers.account.plan import Plan
from labhelpers.account.state.journal import Journal
from labhelpers.errors import SandboxOnly

_BUCKET_POLICY = ("PutBucketPolicy", "DeleteBucketPolicy")
_TRUST = {"CreateRole": "AssumeRolePolicyDocument", "UpdateAssumeRolePolicy": "PolicyDocument"}
_FENCED = ("CreatePolicy", "CreatePolicyVersion")
_THEIRS = "This account trusts that identity provider already; the lab leaves it as it is."
_NOT_OURS = "A permissions boundary that this lab has not made holds nobody to the lab's limits."
_CEILING = (
    "In this account users and roles carry the boundary that its administrator has made "
    "(LAB_AWS_CEILING=1); a lesson's own cannot take its place."
)
_UNTAGGED = (
    "The {what} is made, but AWS refuses the lab's tags for it ({said}). lab.close() removes it "
    "all the same; after a crash the journal on this machine knows it, and nothing else."
)
_UNBOUND = {
    "DeleteRolePermissionsBoundary": "PutRolePermissionsBoundary",
    "DeleteUserPermissionsBoundary": "PutUserPermissionsBoundary",
}


@dataclass(frozen=True)
class Caller:
    """Whose client it is: the mirror's session for it, and whether it is an administrator."""

    account_id: str  # the real one
    administrator: bool
    mirrored: Any = None


@dataclass
class Calls:
    """Everything that a call needs to know of its lab."""

    names: Names
    marks: Marks
    journal: Journal
    guard: Guard
    plan: Plan
    asking: Asking
    boundaries: Boundaries
    raw: Callable[[str, str], Any]  # (real account id, service) -> a client that rewrites nothing
    #: Called with an error about something that is not there; may raise SandboxOnly.
    missing: Callable[[str], None] = lambda said: None
    ceiling: bool = False  # see Settings
    account_of: dict[str, str] = field(default_factory=dict)  # key id -> real account id

    def classes(self, caller: Caller) -> Callable[..., None]:
        """A handler for botocore's `creating-client-class` event."""
        calls = self

        class LabClient(LookedAt):
            def _make_api_call(self, operation_name: str, api_params: Mapping) -> dict[str, Any]:
                send = super()._make_api_call  # type: ignore[misc]  # the client class's own
                try:
                    with one_call():
                        return calls.make(self, caller, operation_name, api_params, send)
                finally:
                    calls.journal.answered()

            def _rewritten(self, model: Any, parameters: Mapping) -> dict[str, Any]:
                return rewritten(calls.guard, calls.names, model, parameters)

        guard_signers = guarded_signers(self.guard)

        def handler(base_classes: list[type], class_attributes: dict[str, Any], **_: Any) -> None:
            base_classes.insert(0, LabClient)
            guard_signers(class_attributes)

        return handler

    def make(
        self, client: Any, caller: Caller, operation: str, given: Mapping, send: Send
    ) -> dict[str, Any]:
        """Make one call. Returns the answer, or raises ClientError, in the lesson's names."""
        service = client.meta.service_model.service_name
        with not_too_deep(operation):
            given = exact(given)
            parameters = self._guarded(client, caller, operation, given)
        creates = (service, operation) in KINDS
        if creates:
            self.plan.confirm()
        with not_too_deep(operation):
            sent, parameters = self._as_sent(service, operation, parameters, caller)
        if creates:
            name = noted_name(service, operation, parameters)
            self.journal.about_to_create(caller.account_id, operation, name)
        changes = service == "iam" and not operation.startswith(READS)
        changes = changes or operation in _BUCKET_POLICY
        bodies = hold(client.meta.service_model.operation_model(operation), given)
        given = {**given, **bodies}
        question = Question(operation, sent, {**parameters, **bodies}, send, changes)
        # First what to expect: a write that shall be refused is not asked too early.
        here = self.names.plain(dict(given), own=keys_of(operation))
        expected = self.asking.expect(caller.mirrored, service, operation, here)
        self.asking.let_settle(question, expected)
        reply, error = self.asking.ask(question)
        if reply.code == "EntityAlreadyExists" and operation == "CreateOpenIDConnectProvider":
            reply, creates = self._theirs(parameters, caller), False
        # Whatever this lab has handed out has a twin in the mirror: other keys never come alive.
        known = self.asking.mirror is None or caller.mirrored is not None
        if known and "TokenCode" not in given:
            reply, error = self.asking.settle(question, reply, error, expected)
        came = {} if error is not None or reply.parsed is None else answered()
        if creates and reply.parsed is not None:
            self._after_create(service, operation, parameters, came, caller)
        if caller.administrator and error is not None:
            self.boundaries.explain(operation, reply.code, self.names.lesson(str(error)))
        if reply.code in NEVER_MADE or "Invalid principal" in str(error):
            self.missing(str(error))
        elif reply.code == "AccessDenied" and caller.administrator:
            # The learner's permissions end at the path, and what does not exist has none.
            self.missing(str(error).partition(" on resource: ")[2].partition(" because ")[0])
        if reply.parsed is None:
            self.asking.compare(service, operation, reply, expected)
            raise self._translated(operation, error, expected)
        self.guard.saw(operation, came)
        self.guard.gone(operation, parameters)
        if operation == "DeleteOpenIDConnectProvider":  # the next one of its address has its id
            arn = parameters["OpenIDConnectProviderArn"]
            self.journal.deleted(caller.account_id, "CreateOpenIDConnectProvider", arn)
        self._note_keys(came, caller)
        answer = self.names.answer(operation, reply.parsed)
        self.asking.compare(service, operation, replace(reply, parsed=answer), expected)
        if self.asking.mirror is not None and expected is not None and expected.parsed is not None:
            self.asking.mirror.learn(operation, answer, expected.parsed)
        return answer

    def _theirs(self, parameters: Mapping, caller: Caller) -> Reply:
        """A provider that the account trusts already: a GitHub job may use it as it is."""
        if not self.names.repository:
            raise SandboxOnly(_THEIRS)
        print(_THEIRS)
        name = parameters["Url"].removeprefix("https://")
        arn = f"arn:aws:iam::{caller.account_id}:oidc-provider/{name}"
        return Reply({"OpenIDConnectProviderArn": arn})

    def _note_keys(self, parsed: Mapping, caller: Caller) -> None:
        """Which account the handed-out credentials belong to."""
        keys = parsed.get("Credentials") or parsed.get("AccessKey")
        if isinstance(keys, Mapping) and "AccessKeyId" in keys:
            arn = parsed.get("AssumedRoleUser", {}).get("Arn", "::::" + caller.account_id)
            self.account_of[keys["AccessKeyId"]] = arn.split(":")[4]
            self.guard.owned.ids.add(keys["AccessKeyId"])

    # ---------------------------------------------------------------- before

    def _guarded(
        self, client: Any, caller: Caller, operation: str, given: Mapping
    ) -> dict[str, Any]:
        """The parameters in the account's names, if the guard lets the call through."""
        service, administrator = client.meta.service_model.service_name, caller.administrator
        self.guard.check_region(service, client.meta.region_name)
        _check_types(client, operation, given)
        self.guard.check(service, operation, given, administrator)
        parameters = self.names.request(service, operation, given)
        self.guard.check_own(service, operation, parameters, administrator)
        return parameters

    def _as_sent(
        self, service: str, operation: str, parameters: dict[str, Any], caller: Caller
    ) -> tuple[str, dict[str, Any]]:
        """The operation and its parameters, in the account's names, as AWS gets them."""
        creates = (service, operation) in KINDS
        if service == "iam":
            operation, parameters = self._with_limits(operation, parameters, caller)
        if creates:
            bounded = KINDS[service, operation].bounded
            boundary = self.boundaries[caller.account_id] if bounded else ""
            tagging = caller.administrator
            parameters = furnish(service, operation, parameters, self.marks, boundary, tagging)
        if operation == "PutBucketTagging":  # puts all tags anew
            parameters = with_marks(parameters, self.marks)
        return operation, self.guard.instance(operation, parameters)

    def _with_limits(
        self, operation: str, parameters: dict[str, Any], caller: Caller
    ) -> tuple[str, dict[str, Any]]:
        """IAM's documents with what boundary.py adds, and boundaries that hold on AWS."""
        accounts = list(self.names.accounts.values())
        trust = parameters.get(_TRUST.get(operation, ""))
        document = parameters.get("PolicyDocument")
        if isinstance(trust, str):
            parameters[_TRUST[operation]] = without_strangers(trust, accounts)
        if operation in _FENCED and isinstance(document, str):
            parameters["PolicyDocument"] = fenced(document, self.names.prefix, accounts)
        wanted = parameters.get("PermissionsBoundary")
        if operation in _UNBOUND or str(wanted).startswith("arn:aws:iam::aws:"):
            parameters["PermissionsBoundary"] = self.boundaries[caller.account_id]
        elif wanted is not None and self.ceiling:
            raise SandboxOnly(_CEILING)
        elif wanted is not None and not is_the_runs(str(wanted), self.names.prefix):
            raise SandboxOnly(_NOT_OURS)
        return _UNBOUND.get(operation, operation), parameters

    def _after_create(
        self, service: str, operation: str, parameters: Mapping, parsed: Mapping, caller: Caller
    ) -> None:
        """The tags that could not go along, and ids that only AWS knows."""
        kind = KINDS[service, operation]
        self.guard.made(parsed)
        name = noted_name(service, operation, parameters)
        self.journal.created(caller.account_id, operation, name, parsed)
        if service == "s3" or (service == "iam" and kind.tags and not caller.administrator):
            try:
                self._tag_later(operation, parameters, parsed, caller)
            except (ClientError, BotoCoreError) as error:
                said = error.response["Error"]["Code"] if isinstance(error, ClientError) else error
                print(_UNTAGGED.format(what=f"{kind.word} {self.names.lesson(name)}", said=said))

    def _tag_later(
        self, operation: str, parameters: Mapping, parsed: Mapping, caller: Caller
    ) -> None:
        iam, tags = self.raw(caller.account_id, "iam"), self.marks.listed()
        if operation == "CreateBucket":
            put = self.raw(caller.account_id, "s3").put_bucket_tagging
            eventually(put, Bucket=parameters["Bucket"], Tagging={"TagSet": tags})
        elif operation == "CreatePolicy":
            eventually(iam.tag_policy, PolicyArn=parsed["Policy"]["Arn"], Tags=tags)
        elif operation == "CreateVirtualMFADevice":
            serial = parsed["VirtualMFADevice"]["SerialNumber"]
            eventually(iam.tag_mfa_device, SerialNumber=serial, Tags=tags)
        elif operation in ("CreateUser", "CreateRole", "CreateInstanceProfile"):
            kind = KINDS["iam", operation]
            word = operation.removeprefix("Create")
            tag = {"User": iam.tag_user, "Role": iam.tag_role}.get(word, iam.tag_instance_profile)
            eventually(tag, **{kind.name: parameters[kind.name]}, Tags=tags)

    def _translated(
        self, operation: str, error: ClientError, expected: Reply | None
    ) -> ClientError:
        response = self.names.answer(operation, error.response)
        found = type(error)(response, error.operation_name)
        found.expected = expected.outcome if expected is not None else None
        return found


def _check_types(client: Any, operation: str, given: Mapping) -> None:
    """What boto3 would say of wrong types and names, before anything else looks at them; also
    where it was told not to, for the guard goes by the types."""
    if isinstance(given.get("CopySource"), Mapping):  # boto3 makes a text of it
        given = {**given, "CopySource": "bucket/key"}
    shape = client.meta.service_model.operation_model(operation).input_shape
    report = ParamValidator().validate(given, shape) if shape else None
    if report is not None and report.has_errors():
        raise ParamValidationError(report=report.generate_report())
    if isinstance(given.get("Bucket"), str):
        validate_bucket_name({"Bucket": given["Bucket"]})
