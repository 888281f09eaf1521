"""The world of the fuzzer: an account full of other people's things, and a lab with its own.

AWS is a sandbox of this process, as the served AWS is one of another: what it holds can be read in
3 ms. Requests name things by labels, «foreign user» or «own user», so that a request can be made
again in another world, where ids and the run's prefix are others.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import moto_state
from botocore.config import Config
from botocore.exceptions import ClientError
from moto_state import Label
from scene import allow, policy, trusts
from served_aws import ACCOUNTS, ServedAws

from labhelpers import LabError, SandboxOnly, open_lab
from labhelpers.boto_session import isolated_session
from labhelpers.sandbox.server import Sandbox

REGION, ELSEWHERE = "ap-northeast-2", "us-east-1"
ACCOUNT, SECOND = ACCOUNTS
AMI = "ami-0fedcba9876543210"
#: What moto does not know is a fault of the server's to boto3, which would ask again, later.
_ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=5)
MARK = re.compile("«([^»]*)»")
#: The run of somebody else, and what people have called like the lab's without its being one.
_OTHER = "sts-lab-0a1b2c-"
_PEOPLE = {"victim": "/", "teacher": "/sts-lab/", _OTHER + "eve": "/sts-lab/"}
_LESSON, _LESSON_SECOND = "111122223333", "444455556666"
_SELF_SIGNED = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


@contextlib.contextmanager
def environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Exactly these AWS_…, LAB_… and MOTO_… variables."""
    before = dict(os.environ)
    for name in [n for n in os.environ if n.startswith(("AWS_", "LAB_", "ACTIONS_", "MOTO_"))]:
        del os.environ[name]
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def aside(call: Callable[..., Any], **parameters: Any) -> Any:
    """A step of the scene that a stricter fence may refuse: then the world lacks it."""
    try:
        return call(**parameters)
    except (ClientError, LabError, SandboxOnly):
        return None


class World:
    """`names` are what labels stand for, `sessions` whoever can ask; `with` ends it. `hangs` is for
    a request that moto never ends: then nothing else is answered any more."""

    def __init__(self) -> None:
        self._ending = contextlib.ExitStack()
        self._said = self._ending.enter_context(contextlib.redirect_stdout(io.StringIO()))
        folder = Path(self._ending.enter_context(tempfile.TemporaryDirectory()))
        # Thirteen hundred images that nobody asks for.
        self._ending.enter_context(environment({"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}))
        self.sandbox = Sandbox()
        self._ending.callback(self.sandbox.close)
        self._keys = {number: self.sandbox.administrator(number) for number in ACCOUNTS}
        told = {"endpoint_url": self.sandbox.endpoint_url, "accounts": self._keys}
        told |= {"learner": None, "root": self._keys[ACCOUNT], "token": ""}
        here = ServedAws(SimpleNamespace(pid=0), told, folder).environ
        os.environ.update(here | {"LAB_AWS_AMI": AMI, "LAB_AWS_PATIENCE": "0"})
        self.hangs = False
        self.unanswered: list[Any] = []
        self.names: dict[str, str] = {}
        self.sessions: dict[str, Any] = {}
        self._clients: dict[tuple[str, ...], Any] = {}
        self._ids: set[str] = set()  # of this run, which carry no name
        for number in ACCOUNTS:
            self._foreign(number)
        self.at_first = self.state()
        self.lab = open_lab("aws", mirrored=False)
        self.prefix = self.lab.real("")
        if not self.prefix:
            self.prefix = self.lab.real("x").removesuffix("x")
        self.run = self.prefix.split("-")[2]
        before = self.held()
        self._own()
        self.note_new(before, self.held())

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        if self.hangs:  # each call of close() would wait for an answer, and the next world's, too
            self.lab._closed = self.lab._clean = True
        with contextlib.suppress(Exception):  # the judge has told of it
            self.lab.close()
        self._ending.close()

    # ------------------------------------------------------------------ the scene

    def unguarded(self, number: str, region: str = REGION) -> Any:
        """A boto3 Session of an account's administrator."""
        return isolated_session(self.sandbox.endpoint_url, region, *self._keys[number])

    def _foreign(self, number: str) -> None:
        """What people have in their account, of each kind that a request can name."""
        who = "foreign" if number == ACCOUNT else "distant"
        people = self.unguarded(number)
        iam, s3 = people.client("iam"), people.client("s3")
        for region in (ELSEWHERE, REGION):
            ec2 = self.unguarded(number, region).client("ec2")
            ec2.describe_vpcs()
        everything = policy(allow("*"))
        trust = policy(trusts(number))
        known: dict[str, str] = {"account": number}
        for name, path in (
            ("victim", "/"),
            ("teacher", "/sts-lab/"),
            (_OTHER + "eve", "/sts-lab/"),
        ):
            iam.create_user(UserName=name, Path=path)
            iam.create_role(RoleName=name + "-role", Path=path, AssumeRolePolicyDocument=trust)
            iam.create_group(GroupName=name + "-group", Path=path)
            made = iam.create_policy(
                PolicyName=name + "-policy", Path=path, PolicyDocument=everything
            )
            label = {"victim": "", "teacher": " team"}.get(name, " other")
            base = f"arn:aws:iam::{number}"
            known |= {f"user{label}": name, f"role{label}": f"{name}-role"}
            known |= {f"group{label}": f"{name}-group", f"policy_arn{label}": made["Policy"]["Arn"]}
            known |= {f"user_arn{label}": f"{base}:user{path}{name}"}
            known |= {f"role_arn{label}": f"{base}:role{path}{name}-role"}
        iam.put_user_policy(UserName="victim", PolicyName="inline", PolicyDocument=everything)
        iam.put_role_policy(RoleName="victim-role", PolicyName="inline", PolicyDocument=everything)
        iam.attach_user_policy(UserName="victim", PolicyArn=known["policy_arn"])
        iam.add_user_to_group(UserName="victim", GroupName="victim-group")
        iam.create_login_profile(UserName="victim", Password="Correct-horse-7")
        key = iam.create_access_key(UserName="victim")["AccessKey"]
        known |= {"key": key["AccessKeyId"], "policy": "inline"}
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName="victim-mfa")
        known["mfa"] = device["VirtualMFADevice"]["SerialNumber"]
        provider = iam.create_open_id_connect_provider(
            Url="https://idp.example.com", ClientIDList=["app"], ThumbprintList=["a" * 40]
        )
        known["oidc"] = provider["OpenIDConnectProviderArn"]
        iam.upload_server_certificate(
            ServerCertificateName="victim-cert", CertificateBody=_SELF_SIGNED, PrivateKey="x"
        )
        known["cert"] = "victim-cert"
        iam.create_instance_profile(InstanceProfileName="victim-profile")
        iam.add_role_to_instance_profile(
            InstanceProfileName="victim-profile", RoleName="victim-role"
        )
        known |= {"profile": "victim-profile"}
        known["profile_arn"] = f"arn:aws:iam::{number}:instance-profile/victim-profile"
        where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
        for bucket in (f"company-data-{number}", f"sts-lab-0a1b2c-data-{number}"):
            s3.create_bucket(Bucket=bucket, **where)
            s3.put_object(Bucket=bucket, Key="thesis.md", Body=b"years of work")
        known |= {"bucket": f"company-data-{number}", "object": "thesis.md"}
        known |= {"bucket other": f"sts-lab-0a1b2c-data-{number}"}
        known |= self._foreign_machines(ec2)
        self.names |= {f"{who} {kind}": name for kind, name in known.items()}

    def _foreign_machines(self, ec2: Any) -> dict[str, str]:
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="prod", Description="d", VpcId=vpc)["GroupId"]
        ran = ec2.run_instances(
            ImageId=AMI,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            IamInstanceProfile={"Name": "victim-profile"},
        )
        instance = ran["Instances"][0]["InstanceId"]
        address = ec2.allocate_address(Domain="vpc")
        tied = ec2.associate_address(InstanceId=instance, AllocationId=address["AllocationId"])
        pair = ec2.create_key_pair(KeyName="prod-key")
        volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8)["VolumeId"]
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        card = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        shown = ec2.describe_iam_instance_profile_associations()
        associations = shown["IamInstanceProfileAssociations"]
        return {
            "vpc": vpc,
            "subnet": subnet,
            "sg": group,
            "sg_name": "prod",
            "instance": instance,
            "allocation": address["AllocationId"],
            "public_ip": address["PublicIp"],
            "association": tied["AssociationId"],
            "key_name": "prod-key",
            "key_pair": pair["KeyPairId"],
            "volume": volume,
            "snapshot": snapshot,
            "eni": card["NetworkInterfaceId"],
            "igw": gateway,
            "route_table": table,
        } | ({"iip": associations[0]["AssociationId"]} if associations else {})

    def _own(self) -> None:
        """What a lesson makes; also those who ask: keys of users and roles of the lab."""
        lab = self.lab
        iam, s3, ec2 = (lab.client(service) for service in ("iam", "s3", "ec2"))
        everything = policy(allow("*"))
        self.sessions = {"learner": lab.session(), "second": lab.session(_LESSON_SECOND)}
        bound = aside(iam.create_policy, PolicyName="bound", PolicyDocument=everything)
        own_boundary = {"PermissionsBoundary": bound["Policy"]["Arn"]} if bound else {}
        for name, more in (("alice", {}), ("bounded", own_boundary)):
            aside(iam.create_user, UserName=name, **more)
            aside(
                iam.put_user_policy, UserName=name, PolicyName="inline", PolicyDocument=everything
            )
            key = aside(iam.create_access_key, UserName=name)
            if key:
                self._holder(name, key["AccessKey"])
                self.names["own key"] = key["AccessKey"]["AccessKeyId"]
        trust = policy(trusts(_LESSON))
        aside(iam.create_role, RoleName="app", AssumeRolePolicyDocument=trust)
        aside(iam.put_role_policy, RoleName="app", PolicyName="inline", PolicyDocument=everything)
        aside(iam.create_group, GroupName="crew")
        aside(iam.create_policy, PolicyName="reading", PolicyDocument=policy(allow("s3:GetObject")))
        aside(iam.create_instance_profile, InstanceProfileName="app")
        aside(iam.add_role_to_instance_profile, InstanceProfileName="app", RoleName="app")
        aside(iam.create_virtual_mfa_device, VirtualMFADeviceName="phone")
        aside(
            iam.create_open_id_connect_provider,
            Url="https://token.actions.githubusercontent.com",
            ClientIDList=["sts.amazonaws.com"],
        )
        where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
        aside(s3.create_bucket, Bucket="reports", **where)
        aside(s3.put_object, Bucket="reports", Key="q1.csv", Body=b"1")
        group = aside(ec2.create_security_group, GroupName="web", Description="d")
        ran = aside(ec2.run_instances, ImageId="ami-1", MinCount=1, MaxCount=1)
        if group:
            self.names["own sg"] = group["GroupId"]
        if ran:
            self.names["own instance"] = ran["Instances"][0]["InstanceId"]
        self._own_names()
        self._own_sessions()

    def _own_names(self) -> None:
        base, github = f"arn:aws:iam::{_LESSON}", "token.actions.githubusercontent.com"
        lesson = {
            "account": _LESSON,
            "user": "alice",
            "user_arn": f"{base}:user/alice",
            "role": "app",
            "role_arn": f"{base}:role/app",
            "group": "crew",
            "policy": "inline",
            "policy_arn": f"{base}:policy/reading",
            "profile": "app",
            "profile_arn": f"{base}:instance-profile/app",
            "mfa": f"{base}:mfa/phone",
            "oidc": f"{base}:oidc-provider/{github}",
            "bucket": "reports",
            "object": "q1.csv",
            "sg_name": "web",
            "prefix": self.prefix,
            "cert": "web",
        }
        self.names |= {f"own {kind}": name for kind, name in lesson.items()}
        for kind, name in list(self.names.items()):
            if kind.startswith("own ") and name not in ("inline", "q1.csv"):
                found = aside(self.lab.real, name_or_arn=name)
                is_id = re.fullmatch(r"(sg|i)-[0-9a-f]+|AKIA\w+", name) or name == self.prefix
                self.names["real " + kind[4:]] = name if is_id or not found else found

    def _own_sessions(self) -> None:
        sts = self.lab.client("sts")
        # The learner's own, which the lab has not handed out, but knows.
        key_id, secret, *_ = self._keys[ACCOUNT]
        mine = {"AccessKeyId": key_id, "SecretAccessKey": secret}
        self.sessions["learner's keys"] = self.lab.session_from(mine)
        taken = aside(sts.assume_role, RoleArn=self.names["own role_arn"], RoleSessionName="job")
        if taken:
            self._holder("app", taken["Credentials"])

    def _holder(self, name: str, keys: Mapping[str, str]) -> None:
        """The same keys in the lab, and in a plain boto3."""
        self.sessions[name] = self.lab.session_from(keys)
        self.sessions[f"plain {name}"] = isolated_session(
            self.sandbox.endpoint_url,
            REGION,
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys.get("SessionToken"),
        )

    # ------------------------------------------------------------------ requests

    def client(self, who: str, service: str, region: str = REGION) -> Any:
        asked = (who, service, region)
        if asked not in self._clients:
            self._clients[asked] = self.sessions[who].client(
                service, region_name=region, config=_ONCE
            )
        return self._clients[asked]

    def resource(self, who: str, service: str) -> Any:
        asked = (who, service, "resource")
        if asked not in self._clients:
            self._clients[asked] = self.sessions[who].resource(service, config=_ONCE)
        return self._clients[asked]

    def filled(self, value: Any, plain: bool = False) -> Any:
        """The value with labels replaced; without the lab nothing knows a lesson's names."""
        if isinstance(value, str):
            return MARK.sub(lambda found: self._name(found[1], plain), value)
        if isinstance(value, Mapping):
            return {self.filled(k, plain): self.filled(v, plain) for k, v in value.items()}
        if isinstance(value, list):
            return [self.filled(one, plain) for one in value]
        return value

    def _name(self, label: str, plain: bool) -> str:
        whose, _, kind = label.partition(" ")
        if plain and whose == "own":
            label = f"real {kind}"
        return self.names.get(label, f"no-{kind}")

    # ------------------------------------------------------------------ state

    def held(self) -> dict[Label, Any]:
        return moto_state.things()

    def state(self) -> dict[Label, str]:
        return moto_state.texts(self.held())

    def note_new(self, before: Mapping[Label, Any], after: Mapping[Label, Any]) -> None:
        """Ids of what this run has just made: they stay its own whatever is done to their tags."""
        for label in after.keys() - before.keys():
            if label.service == "ec2" and self.is_own(label, after[label]):
                self._ids.add(label.key)
                self._ids |= {one.id for one in getattr(after[label], "instances", ())}

    def is_own(self, label: Label, thing: Any) -> bool:
        """Whether a thing is of this run: by its name at its place, or by an id it has made."""
        if label.service == "iam":
            return self._is_own_identity(label, thing)
        if label.service == "s3":
            name = label.key.partition(":::")[2] if label.kind == "tagger" else label.key
            return name.startswith(self.prefix)
        return label.account in ACCOUNTS and self._is_own_machine(label, thing)

    def _is_own_identity(self, label: Label, thing: Any) -> bool:
        if label.kind in ("managed_policies", "virtual_mfa_devices", "tagger"):
            return self._is_own_arn(label.key)
        if label.kind == "access_keys":
            return str(thing.user_name).startswith(self.prefix)
        if label.kind == "open_id_providers":
            return self.run in str(thing.tags)
        if label.kind not in ("users", "roles", "groups", "instance_profiles"):
            return False
        placed = thing.path.startswith("/sts-lab/") and thing.name.startswith(self.prefix)
        if label.kind == "users":
            return placed and bool(getattr(thing, "permissions_boundary", None))
        return placed and (label.kind != "roles" or bool(thing.permissions_boundary_arn))

    def _is_own_arn(self, arn: str) -> bool:
        path, _, name = arn.rpartition("/")
        if ":oidc-provider" in path:
            return True  # the provider itself is looked at
        return "/sts-lab" in path and name.startswith(self.prefix)

    def _is_own_machine(self, label: Label, thing: Any) -> bool:
        if label.kind == "iam_instance_profile_associations":
            name = thing.iam_instance_profile.name
            return thing.instance_id in self._ids and name.startswith(self.prefix)
        if label.key in self._ids:
            return True
        if label.kind == "reservations":
            return all(self._is_tagged(label, one.id) for one in thing.instances)
        if label.kind == "enis":
            return getattr(thing.instance, "id", "") in self._ids
        return label.kind in ("groups", "tags", "volumes") and self._is_tagged(label, label.key)

    def _is_tagged(self, label: Label, resource_id: str) -> bool:
        from moto.ec2.models import ec2_backends

        found = ec2_backends[label.account][label.region].tags.get(resource_id, {})
        return resource_id in self._ids or found.get("sts-lab:run") == self.run
