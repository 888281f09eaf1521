"""The lesson's names and the account's: alice is /sts-lab/sts-lab-RUN-alice on AWS.

Lessons call their people alice and their buckets reports, and know two accounts by numbers. In a
real account nothing may collide and everything has to be found again, so each name gets a path
and a prefix with a random run id, in requests, and loses them in answers. Because every name of
a request is rewritten, no request can name anything that the lab has not made.

Texts that name nothing are nobody's to change, nor is the key of an object, in its bucket or in an
ARN: so ${aws:userid} or ${aws:PrincipalAccount} in an ARN's key meets none on AWS. Where a name
takes more than 48 letters, long_names.py says what is left of it; a policy's pattern that reaches
into its middle does not meet it on AWS, nor does a variable with letters around it
(${aws:username}-role).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from labhelpers.account.documents import (
    ANY,
    KEY_KEYS,
    aside,
    in_conditions,
    keys_of,
    outside_keys,
    put_back,
)
from labhelpers.account.lists import has_path, of_the_run
from labhelpers.account.long_names import LIMITS, bucket, shortened
from labhelpers.account.state.threads import Turns
from labhelpers.errors import SandboxOnly

PATH = "/sts-lab/"
PREFIX = "sts-lab-"
#: The accounts that play a part in the lessons; the first is the learner's.
LESSON_ACCOUNTS = ("111122223333", "444455556666", "777788889999", "666677778888")

#: What no policy compares and nothing is called by: it is sent and shown as it is.
FREE_TEXTS = frozenset(
    ("Body", "Metadata", "Description", "UserData", "CacheControl", "WebsiteRedirectLocation")
    + ("ContentType", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentMD5")
    + ("SSECustomerKey", "SSECustomerKeyMD5")
    + ("CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5")
)
_KINDS = "user|role|group|policy|instance-profile|mfa|saml-provider"
#: Partition, Region and account of an ARN in a policy may be patterns.
_ACCOUNTS = r"[\d*?]+"
_IAM = re.compile(rf"(arn:{ANY}:iam:\*?:{_ACCOUNTS}:)({_KINDS})/([^\s\"',\\\]]+)")
_SESSION = re.compile(
    rf"(arn:{ANY}:sts:{ANY}:{_ACCOUNTS}:)(assumed-role|federated-user)/([^\s\"',\\]+)"
)
_OWN_PATH = re.compile(rf"(:(?:{_KINDS})/){PATH[1:]}")
_USERNAME = re.compile(r"\$\{aws:username\}", re.IGNORECASE)
_BUCKET = re.compile(rf"(arn:{ANY}:s3:{ANY}:[\d*?]*:)([^\s\"',\\*/][^\s\"',\\/]*)")
_USERID = re.compile(r"\b(A(?:ROA|CCA)[A-Z0-9]{16,}:)([\w+=,.@*?-]+)")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")

_NAMES = frozenset(
    ("UserName", "RoleName", "GroupName", "InstanceProfileName", "VirtualMFADeviceName")
    + ("NewUserName", "NewGroupName")
)
#: Names that only the request itself carries, and the condition keys that compare them.
_SPOKEN = frozenset(("RoleSessionName", "SourceIdentity"))
_NAME_KEYS = ("sts:rolesessionname", "sts:sourceidentity", "aws:sourceidentity", "aws:username")
_TAG_KEYS = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/", "iam:resourcetag/")
_DOCUMENTS = frozenset(("PolicyDocument", "AssumeRolePolicyDocument", "Policy"))


class Names:
    """Rewrites parameters and answers for one run.

    `account` is the learner's real account number, `second` the one that plays whichever other
    account a lesson needs first, None without. `learners` are real ARNs that keep their names.
    """

    def __init__(
        self, run: str, account: str, second: str | None = None, learners: Iterable[str] = ()
    ) -> None:
        self.prefix = f"{PREFIX}{run}-"
        self._learners = tuple(learners)
        self.accounts = {LESSON_ACCOUNTS[0]: account}
        self._spare = second
        #: The repository of a real GitHub job as its subject spells it; it plays our-org/shop.
        self.repository = ""
        self._turns = Turns()
        self._users: set[str] = set()
        self._shortened: dict[str, str] = {}  # real name -> the lesson's, where letters are gone

    def real(self, name: str, most: int = 64, least: int = 1) -> str:
        """A name of the lesson as it is called in the account.

        A name without the prefix could be somebody else's; ${aws:username} brings it along.
        """
        if name.startswith(self.prefix) or len(name) < least or _USERNAME.match(name):
            return name
        return self._known(shortened(self.prefix, name, most), name)

    def bucket(self, name: str) -> str:
        """A bucket of the lesson as it is called in the account."""
        if name.startswith(self.prefix) or not name:
            return name
        return self._known(bucket(self.prefix, name), name)

    def _known(self, real: str, name: str) -> str:
        if real != self.prefix + name:
            self._shortened[real] = name
        return real

    # ------------------------------------------------------------------ requests

    def request(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict:
        """The parameters with every name as it is in the account.

        Raises SandboxOnly where a text names an account that this lab does not have.
        """
        if operation == "CreateUser" and isinstance(parameters.get("UserName"), str):
            self._users.add(parameters["UserName"])
        own = keys_of(operation)
        found = {
            name: value if name in own else self._value(name, value)
            for name, value in parameters.items()
        }
        if (service, operation) in _OWN_NAMES:
            name = _OWN_NAMES[service, operation]
            if isinstance(found.get(name), str):
                least = 2 if service == "sts" else 1
                found[name] = self.real(found[name], LIMITS.get(name, 128), least)
        if service == "iam" and has_path(operation, parameters):
            found["PathPrefix"] = PATH.rstrip("/") + found.get("PathPrefix", "/")
        if (service, operation) == ("s3", "ListBuckets"):
            found["Prefix"] = self.prefix + parameters.get("Prefix", "")
        return found

    def _value(self, name: str, value: Any) -> Any:
        if name in FREE_TEXTS:
            return value
        if isinstance(value, Mapping):
            if name == "IamInstanceProfile" and isinstance(value.get("Name"), str):
                value = {**value, "Name": self.real(value["Name"])}
            return {key: self._value(key, inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            if name == "Tags":
                value = [self._tag(tag) for tag in value]
            return [self._value("", inner) for inner in value]
        if not isinstance(value, str):
            return value
        if name in _NAMES or name in _SPOKEN:
            return self.real(value, LIMITS.get(name, 128), 2 if name in _SPOKEN else 1)
        if name == "Bucket":
            return self.bucket(value)
        if name == "CopySource":
            source, slash, key = value.lstrip("/").partition("/")
            return self.bucket(source) + slash + key
        if name not in _DOCUMENTS:
            return self.text(value)
        kept: list[str] = []
        return put_back(self.text(self._conditions(value, kept)), kept)

    def _tag(self, tag: Any) -> Any:
        """Tags that hold the name of a user follow the user's name: ${aws:username} meets them."""
        if isinstance(tag, Mapping) and tag.get("Value") in self._users:
            return {**tag, "Value": self.real(tag["Value"])}
        return tag

    def text(self, value: str) -> str:
        """ARNs, session ids and account numbers in any text, as they are in the account."""
        return outside_keys(value, self._text)

    def _text(self, value: str) -> str:
        for number, arn in enumerate(self._learners):
            for known in (self.lesson(arn), arn):
                value = value.replace(known, f"\0{number}\0")
        value = _IAM.sub(lambda m: m[1] + m[2] + "/" + self._with_path(m[2], m[3]), value)
        value = _SESSION.sub(lambda m: m[1] + m[2] + "/" + self._parts(m[2], m[3]), value)
        value = _BUCKET.sub(lambda m: m[1] + self._bucket_in_arn(m[2]), value)
        value = _USERID.sub(lambda m: m[1] + self.real(m[2]), value)
        if self.repository:
            value = value.replace("repo:our-org/shop", f"repo:{self.repository}")
        value = _ACCOUNT.sub(lambda m: self.account(m[0]), value)
        for number, arn in enumerate(self._learners):
            value = value.replace(f"\0{number}\0", arn)
        return value

    def _with_path(self, kind: str, path_and_name: str) -> str:
        if path_and_name.startswith(("aws-service-role/", "aws-reserved/")):
            return path_and_name
        path, slash, name = path_and_name.rpartition("/")
        if name.startswith(self.prefix) and path_and_name.startswith(PATH[1:]):
            return path_and_name
        return PATH[1:] + path + slash + self.real(name, LIMITS[kind])

    def _parts(self, kind: str, role_and_session: str) -> str:
        if role_and_session.startswith(("AWSReservedSSO", "aws-")):
            return role_and_session
        return "/".join(self.real(part, LIMITS[kind]) for part in role_and_session.split("/"))

    def _bucket_in_arn(self, name: str) -> str:
        """A pattern or a variable is no bucket's name, but may become one."""
        return self.real(name, 63) if re.search(r"[*?$]", name) else self.bucket(name)

    def account(self, number: str) -> str:
        """The real number of an account of the lesson; any other number as it is."""
        with self._turns:
            if number in LESSON_ACCOUNTS and number not in self.accounts:
                if self._spare is None:
                    raise SandboxOnly(_no_account(number, len(self.accounts)))
                self.accounts[number], self._spare = self._spare, None
            return self.accounts.get(number, number)

    def _conditions(self, text: str, kept: list[str]) -> str:
        """A policy in which conditions compare names as the account has them; what they compare
        with keys of objects is in `kept`, and marks are in its place."""
        if not any(key in text.lower() for key in (*_NAME_KEYS, *_TAG_KEYS, *KEY_KEYS)):
            return text
        try:
            document = json.loads(text)
        except ValueError:
            return text  # IAM shall say what is wrong with it

        def change(key: str, value: Any) -> Any:
            is_key = key in KEY_KEYS and isinstance(value, str)
            return aside(kept, value) if is_key else self._compared(key, value)

        return json.dumps(in_conditions(document, change))

    def _compared(self, key: str, value: Any) -> Any:
        if not isinstance(value, str) or value.startswith(self.prefix):
            return value
        if value.startswith("${"):  # the value of a tag has no prefix, aws:username has it
            of_a_tag = key in _NAME_KEYS and value[2:].lower().startswith(_TAG_KEYS)
            return self.prefix + value if of_a_tag else value
        if key in _NAME_KEYS and value.strip("*?"):
            return self.real(value, LIMITS["SourceIdentity"])  # the longest of these
        if key.startswith(_TAG_KEYS) and value in self._users:
            return self.real(value)
        return value

    # ------------------------------------------------------------------ answers

    def answer(self, operation: str, parsed: Any) -> Any:
        """The answer as the lesson knows things; lists show what this run has made only."""
        return self.plain(of_the_run(operation, parsed, self.prefix), own=keys_of(operation))

    def plain(self, value: Any, name: str = "", own: frozenset[str] = frozenset()) -> Any:
        """Parameters or an answer as the lesson calls things, whoever calls them otherwise; what
        stands under the names in `own` is the lesson's as it is."""
        if name in own and isinstance(value, str):
            return value
        if name in FREE_TEXTS or name.startswith("x-amz-meta-"):
            return value
        if isinstance(value, dict):
            return {self.plain(k): self.plain(v, k, own) for k, v in value.items()}
        if isinstance(value, list):
            return [self.plain(inner, own=own) for inner in value]
        if name == "Path" and isinstance(value, str) and value.startswith(PATH):
            value = value[len(PATH) - 1 :]
        return self.lesson(value) if isinstance(value, str) else value

    def lesson(self, text: str) -> str:
        """A text of AWS in the lesson's names."""
        return outside_keys(text, self._lesson, in_words=True)

    def _lesson(self, text: str) -> str:
        for real, name in self._shortened.copy().items():
            text = text.replace(real, name)
        text = _OWN_PATH.sub(r"\1", text.replace(self.prefix, ""))
        if self.repository:
            text = text.replace(f"repo:{self.repository}", "repo:our-org/shop")
        known = {real: lesson for lesson, real in self.accounts.copy().items()}
        return _ACCOUNT.sub(lambda m: known.get(m[0], m[0]), text)


#: The parameter that names what is created, where other operations use it for something else.
_OWN_NAMES = {
    ("iam", "CreatePolicy"): "PolicyName",
    ("iam", "CreateSAMLProvider"): "Name",
    ("sts", "GetFederationToken"): "Name",
}


def _no_account(number: str, have: int) -> str:
    if have == 1:
        return (
            f"This step needs a second account (the lesson's {number}): set "
            "LAB_AWS_SECOND_PROFILE and LAB_AWS_SECOND_ACCOUNT_ID."
        )
    return f"This step needs one more account (the lesson's {number}) than this lab has."
