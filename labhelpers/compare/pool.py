"""The users, roles and buckets that scenarios share: made once, and taken away at the end.

A user and a role with a permissions boundary and one of each without; a role that is taken by
role sessions; roles to ask for; a bucket. `starter` is a user whose own policy never changes: it
takes the first session of each role and asks witnesses. The account's administrator makes and
writes, but is no scenario's caller, so its own kind of credentials does not matter. A run makes
only what its scenarios name.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from labhelpers.compare.asking import Asking
from labhelpers.compare.names import Names
from labhelpers.compare.scenario import ROLES as ASKED
from labhelpers.compare.scenario import SESSION_NAME, VERSION, Scenario, Slot
from labhelpers.errors import LabError

USERS = ("starter", "user", "bounded-user")
ROLES = ("role", "bounded-role", "chained", "target", "long-target", "witness", "scratch")
BUCKETS = ("bucket", "scratch-bucket")
_NAMED = re.compile(r"<([a-z ]+?)(?: (?:name|arn|id|key))?>")
_TAGS = {
    "user": {"team": "red", "level": "5"},
    "role": {"team": "green", "level": "7"},
    "target": {"team": "blue"},
}
_POLICY = "compare"
_GONE = ("NoSuchEntity", "NoSuchBucket", "NoSuchBucketPolicy", "NoSuchKey")
_TAKE = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


class Pool:
    """What a run has made in one account, or in two if `other_account` is given."""

    def __init__(self, asking: Asking, other_account: str | None = None) -> None:
        self.asking, self.ground = asking, asking.ground
        self.other_account = other_account
        self.names = Names()
        self.keys: dict[str, Any] = {}  # user of the pool -> boto3 Session
        self._prefix = f"cmp{secrets.token_hex(2)}-"
        self._undo: list[tuple[str, Callable[[], Any]]] = []
        self._boundaries: dict[str, list[str]] = {}  # entity -> policy ARN, ids of its versions

    # ---------------------------------------------------------------- making

    def open(self, wanted: Collection[str]) -> None:
        """Create what is `wanted` (needed_by tells) and what every run needs. After an error what
        exists is still known to close()."""
        wanted = {*wanted, "starter", "witness", "bucket"}
        self.names.add("<account>", self.ground.account_id)
        if self.other_account:
            self.names.add("<other account>", self.other_account)
        for name in filter(wanted.__contains__, USERS):
            self._make_user(name)
        for name in filter(wanted.__contains__, ROLES):
            self._make_role(name, self.ground.session())
        for name in filter(wanted.__contains__, BUCKETS):
            self._make_bucket(name, self.ground.session())
        if self.other_account:
            session = self.ground.session(account_id=self.other_account)
            self._make_role("other-target", session)
            self._make_bucket("other-bucket", session)
        self.write(("identity", "starter"), document(self._of_starter()))
        s3 = self.administrator("bucket", "s3")
        self.asking.do(s3.put_object, Bucket=self.names["<bucket>"], Key="folder/a.txt", Body=b"1")

    def _make_user(self, name: str) -> None:
        iam, real = self.administrator(name, "iam"), self._prefix + name
        more = self._boundary(name, iam)
        answer = self.asking.do(iam.create_user, UserName=real, Tags=_tags(name, real), **more)
        self._later(f"user {name}", lambda: iam.delete_user(UserName=real))
        self._later(
            f"policy of {name}", lambda: iam.delete_user_policy(UserName=real, PolicyName=_POLICY)
        )
        self._know(
            name, answer["User"]["UserName"], answer["User"]["Arn"], answer["User"]["UserId"]
        )
        key = self.asking.do(iam.create_access_key, UserName=real)["AccessKey"]
        self._later(
            f"access key of {name}",
            lambda: iam.delete_access_key(UserName=real, AccessKeyId=key["AccessKeyId"]),
        )
        self.names.add(f"<{name.replace('-', ' ')} key>", key["AccessKeyId"])
        self.keys[name] = self.ground.session_from(key)

    def _make_role(self, name: str, session: Any) -> None:
        iam, real = self.asking.client(session, "iam"), self._prefix + name
        trust = document(self.names.fill(list(_first_trust(name))))
        more = self._boundary(name, iam)
        if name == "long-target":
            more["MaxSessionDuration"] = 43200
        answer = self.asking.do(
            iam.create_role,
            RoleName=real,
            AssumeRolePolicyDocument=trust,
            Tags=_tags(name, real),
            **more,
        )
        self._later(f"role {name}", lambda: iam.delete_role(RoleName=real))
        self._later(
            f"policy of {name}", lambda: iam.delete_role_policy(RoleName=real, PolicyName=_POLICY)
        )
        self._know(
            name, answer["Role"]["RoleName"], answer["Role"]["Arn"], answer["Role"]["RoleId"]
        )

    def _boundary(self, name: str, iam: Any) -> dict[str, Any]:
        """A managed policy of its own for whoever is bounded, as a parameter of the create."""
        if not name.startswith("bounded"):
            return {}
        text = document([{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}])
        made = self.asking.do(
            iam.create_policy, PolicyName=self._prefix + name, PolicyDocument=text
        )
        arn = made["Policy"]["Arn"]
        self._boundaries[name] = [arn, made["Policy"]["DefaultVersionId"]]
        self._later(f"boundary of {name}", lambda: self._drop_boundary(iam, name))
        return {"PermissionsBoundary": arn}

    def _make_bucket(self, name: str, session: Any) -> None:
        s3, real = self.asking.client(session, "s3"), self._prefix + name
        # Names of buckets are the world's: a random end, also where the ground adds none.
        real += f"-{secrets.token_hex(4)}"
        where = {"LocationConstraint": self.ground.region}
        more = {} if self.ground.region == "us-east-1" else {"CreateBucketConfiguration": where}
        self.asking.do(s3.create_bucket, Bucket=real, **more)
        self._later(name, lambda: s3.delete_bucket(Bucket=real))
        self._later(f"objects of {name}", lambda: self._empty(s3, real))
        self.names.add(f"<{name.replace('-', ' ')}>", real)

    def _know(self, name: str, real: str, arn: str, unique_id: str) -> None:
        word = name.replace("-", " ")
        self.names.add(f"<{word} name>", real)
        self.names.add(f"<{word} arn>", arn)
        self.names.add(f"<{word} id>", unique_id)

    def _of_starter(self) -> list[dict[str, Any]]:
        """Takes roles; in the other account a bucket's witness needs both sides."""
        found = [{"Effect": "Allow", "Action": _TAKE, "Resource": "*"}]
        if self.other_account:
            there = f"arn:aws:s3:::{self.names['<other bucket>']}/witness*"
            found.append({"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": there})
        return found

    # ---------------------------------------------------------------- writing

    def administrator(self, entity: str, service: str) -> Any:
        """A client of the administrator of the account in which this entity lives."""
        there = entity.startswith("other-")
        session = self.ground.session(account_id=self.other_account) if there else None
        return self.asking.client(session or self.ground.session(), service)

    def write(self, slot: Slot, text: str) -> None:
        """Store one document. Raises ClientError with what the service says of it."""
        kind, entity = slot
        iam, word = self.administrator(entity, "iam"), entity.replace("-", " ")
        if kind == "bucket":
            s3, name = self.administrator(entity, "s3"), self.names[f"<{word}>"]
            self.asking.do(s3.put_bucket_policy, Bucket=name, Policy=text)
        elif kind == "boundary":
            self._write_boundary(iam, entity, text)
        elif kind == "trust":
            name = self.names[f"<{word} name>"]
            self.asking.do(iam.update_assume_role_policy, RoleName=name, PolicyDocument=text)
        else:
            role = entity not in USERS
            put = iam.put_role_policy if role else iam.put_user_policy
            who = {"RoleName" if role else "UserName": self.names[f"<{word} name>"]}
            self.asking.do(put, PolicyName=_POLICY, PolicyDocument=text, **who)

    def _write_boundary(self, iam: Any, entity: str, text: str) -> None:
        arn, before = self._boundaries[entity]
        made = self.asking.do(
            iam.create_policy_version, PolicyArn=arn, PolicyDocument=text, SetAsDefault=True
        )
        self._boundaries[entity][1] = made["PolicyVersion"]["VersionId"]
        self.asking.do(iam.delete_policy_version, PolicyArn=arn, VersionId=before)

    # ---------------------------------------------------------------- taking away

    def _later(self, what: str, call: Callable[[], Any]) -> None:
        self._undo.append((what, call))

    def close(self) -> None:
        """Take everything away again, last first. Raises LabError if something stays."""
        from botocore.exceptions import BotoCoreError, ClientError

        left = []
        while self._undo:
            what, call = self._undo.pop()
            try:
                call()
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") not in _GONE:
                    left.append(what)
            except BotoCoreError:
                left.append(what)
        if left:
            raise LabError(
                f"These could not be taken away ({', '.join(left)}): their names begin with "
                f"{self._prefix}. On AWS `python -m labhelpers sweep` finds them."
            )

    def _drop_boundary(self, iam: Any, name: str) -> None:
        arn = self._boundaries[name][0]
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)

    def _empty(self, s3: Any, bucket: str) -> None:
        while found := s3.list_objects_v2(Bucket=bucket).get("Contents"):
            keys = [{"Key": one["Key"]} for one in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def needed_by(scenarios: Iterable[Scenario]) -> set[str]:
    """The users, roles and buckets that scenarios call as or name by placeholders."""
    found = set()
    for scenario in scenarios:
        named = _NAMED.findall(json.dumps(asdict(scenario)))
        found |= {scenario.entity, *(word.replace(" ", "-") for word in named)}
    return found | ({"role"} if "chained" in found else set())


def document(statements: Sequence[Mapping[str, Any]], version: str | None = VERSION) -> str:
    """A policy as JSON; None leaves the Version out."""
    found = {"Version": version} if version else {}
    return json.dumps({**found, "Statement": statements}, separators=(",", ":"))


def _tags(name: str, real: str) -> list[dict[str, str]]:
    given = _TAGS.get(name.removeprefix("bounded-"), {})
    pairs = {**given, "owner": real} if name in USERS else given
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def _first_trust(name: str) -> tuple[dict[str, Any], ...]:
    """Who may take a role before any scenario has written its trust policy."""
    principal = {
        "chained": "<role arn>",
        "witness": "arn:aws:iam::<account>:root",  # delegates: the caller's own policies decide
        "scratch": "<starter arn>",
    }.get(name, "<starter arn>")
    found = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": _TAKE}
    if name in ASKED.values():  # the witness of its first document must be refused before
        found["Condition"] = {"StringEquals": {"sts:RoleSessionName": SESSION_NAME}}
    return (found,)
