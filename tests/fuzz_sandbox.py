"""The sandbox's decisions against what moto then does: a fuzzer of IAM, STS, S3 and EC2.

    python tests/fuzz_sandbox.py [minutes] [seed]     also LAB_FUZZ_MINUTES and LAB_FUZZ_SEED

mallory may do everything, and nothing at all to what is the victim's: that is denied by ARN and by
tag. Requests are those of the fuzzer of the real account (any operation, by any way, with any
names), so that the names of the victim's things stand in every place. Whatever is carried out must
leave each of them as it was.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import moto_state
from botocore.config import Config
from botocore.exceptions import ClientError
from fuzz_guard import Find, Result, ask
from fuzz_requests import Maker, Request
from fuzz_world import MARK
from moto_state import Label, texts
from scene import trusts

from labhelpers import open_lab

A_ROUND = 600  # requests for which a world stays as it is made
HERE, REGION = "111122223333", "ap-northeast-2"
TAG = [{"Key": "owner", "Value": "victim"}]
_ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=20)


class World:
    """The victim's things and mallory's, two of each kind. `names` are what the labels of a request
    stand for: the victim's where they say "foreign", mallory's where they say "own" or "real"."""

    def __init__(self) -> None:
        self.lab = open_lab("sandbox")
        self.sandbox, self.hangs, self.unanswered = self.lab._sandbox, False, list[Request]()
        self.names: dict[str, str] = {"foreign account": HERE, "own account": HERE}
        self._clients: dict[Any, Any] = {}
        self._admin = {name: self.lab.client(name) for name in ("iam", "s3", "ec2")}
        for whose in ("victim", "mallory"):
            self._identities(whose)
            self._buckets(whose)
            self._machines(whose)
        session = self._mallory()
        self.sessions = _Everybody(session)
        self.victims = {
            label for label, thing in moto_state.things().items() if self._is(label, thing)
        }

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.lab.close()

    # ------------------------------------------------------------------ the scene

    def _name(self, whose: str, kind: str, value: str) -> str:
        for word in ("foreign", "distant") if whose == "victim" else ("own", "real"):
            self.names[f"{word} {kind}"] = value
        return value

    def _identities(self, whose: str) -> None:
        iam, names = self._admin["iam"], self._name
        user, role, group = (
            names(whose, kind, f"{whose}-{kind}") for kind in ("user", "role", "group")
        )
        here = f"arn:aws:iam::{HERE}"
        names(whose, "user_arn", f"{here}:user/{user}")
        names(whose, "role_arn", f"{here}:role/{role}")
        iam.create_user(UserName=user, Tags=TAG if whose == "victim" else [])
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=_policy(trusts(HERE)))
        iam.create_group(GroupName=group)
        made = iam.create_policy(PolicyName=f"{whose}-policy", PolicyDocument=_policy(_ALL))
        names(whose, "policy_arn", made["Policy"]["Arn"])
        names(whose, "policy", f"{whose}-policy")
        for put, who in (("user", user), ("role", role), ("group", group)):
            getattr(iam, f"put_{put}_policy")(
                **{f"{put.title()}Name": who},
                PolicyName=f"{whose}-policy",
                PolicyDocument=_policy(_ALL),
            )
            getattr(iam, f"attach_{put}_policy")(
                **{f"{put.title()}Name": who}, PolicyArn=made["Policy"]["Arn"]
            )
        iam.add_user_to_group(GroupName=group, UserName=user)
        profile = names(whose, "profile", f"{whose}-profile")
        names(whose, "profile_arn", f"{here}:instance-profile/{profile}")
        iam.create_instance_profile(InstanceProfileName=profile)
        iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        names(whose, "key", key["AccessKeyId"])
        self.keys = key

    def _buckets(self, whose: str) -> None:
        s3 = self._admin["s3"]
        bucket = self._name(whose, "bucket", f"{whose}-bucket")
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self._name(whose, "object", f"{whose}-key")
        for key in (f"{whose}-key", "alice", "text"):
            s3.put_object(Bucket=bucket, Key=key, Body=whose.encode(), Tagging="owner=victim")

    def _machines(self, whose: str) -> None:
        ec2, names = self._admin["ec2"], self._name
        vpc = names(whose, "vpc", ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        names(whose, "subnet", subnet)
        group = ec2.create_security_group(GroupName=f"{whose}-sg", Description="d", VpcId=vpc)[
            "GroupId"
        ]
        names(whose, "sg", group)
        names(whose, "sg_name", f"{whose}-sg")
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        names(whose, "route_table", table)
        joined = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        names(whose, "igw", gateway)
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        image = ec2.describe_images()["Images"][0]["ImageId"]
        machine = ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            SecurityGroupIds=[group],
            IamInstanceProfile={"Name": f"{whose}-profile"},
        )["Instances"][0]
        instance = names(whose, "instance", machine["InstanceId"])
        found = ec2.describe_iam_instance_profile_associations(
            Filters=[{"Name": "instance-id", "Values": [instance]}]
        )["IamInstanceProfileAssociations"]
        names(whose, "iip", found[0]["AssociationId"] if found else "iip-none")
        address = ec2.allocate_address(Domain="vpc")
        names(whose, "allocation", address["AllocationId"])
        names(whose, "public_ip", address["PublicIp"])
        bound = ec2.associate_address(InstanceId=instance, AllocationId=address["AllocationId"])
        names(whose, "association", bound["AssociationId"] if whose == "victim" else joined)
        volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
        names(whose, "volume", volume)
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        names(whose, "snapshot", snapshot)
        eni = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"][
            "NetworkInterfaceId"
        ]
        names(whose, "eni", eni)
        pair = ec2.create_key_pair(KeyName=f"{whose}-pair")
        names(whose, "key_name", f"{whose}-pair")
        names(whose, "key_pair", pair["KeyPairId"])
        acls = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])[
            "NetworkAcls"
        ]
        own = [machine["NetworkInterfaces"][0]["NetworkInterfaceId"]]
        own += [m["Ebs"]["VolumeId"] for m in machine.get("BlockDeviceMappings", ())]
        ids = [vpc, subnet, group, table, gateway, instance, address["AllocationId"], volume]
        ids += [snapshot, eni, pair["KeyPairId"], *(acl["NetworkAclId"] for acl in acls), *own]
        if whose == "victim":
            self.ids = {"victim-pair"}
            for one in ids:
                with contextlib.suppress(ClientError):  # what has no tag cannot be denied by it
                    ec2.create_tags(Resources=[one], Tags=TAG)
                    self.ids.add(one)

    def _mallory(self) -> Any:
        iam = self._admin["iam"]
        arns = [
            self.names[f"foreign {kind}"]
            for kind in ("user_arn", "role_arn", "policy_arn", "profile_arn")
        ]
        arns += [f"arn:aws:iam::{HERE}:group/victim-group", f"arn:aws:iam::{HERE}:user/mallory"]
        arns += ["arn:aws:s3:::victim-bucket", "arn:aws:s3:::victim-bucket/*"]
        arns += ["arn:aws:ec2:*:*:key-pair/victim-pair"]
        by_tag = {"StringEquals": {"aws:ResourceTag/owner": "victim"}}
        deny = {"Effect": "Deny", "Action": "*", "Resource": arns}
        tagged = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": by_tag}
        iam.create_user(UserName="mallory")
        iam.put_user_policy(
            UserName="mallory", PolicyName="all-but", PolicyDocument=_policy(_ALL, deny, tagged)
        )
        key = iam.create_access_key(UserName="mallory")["AccessKey"]
        return self.lab.session_from(key)

    def _is(self, label: Label, thing: Any) -> bool:
        """Whether a thing is the victim's: by its name, its id, or where it is."""
        return (
            "victim" in label.key or label.key in self.ids or any(i in label.key for i in self.ids)
        )

    # ------------------------------------------------------------------ requests

    def client(self, who: str, service: str, region: str = REGION) -> Any:
        asked = (service, region)
        if asked not in self._clients:
            self._clients[asked] = self.sessions[who].client(
                service, region_name=region, config=_ONCE
            )
        return self._clients[asked]

    def resource(self, who: str, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.sessions[who].resource(service, config=_ONCE)
        return self._clients[service]

    def filled(self, value: Any, plain: bool = False) -> Any:
        if isinstance(value, str):
            return MARK.sub(lambda found: self.names.get(found[1], "mallory-thing"), value)
        if isinstance(value, Mapping):
            return {self.filled(k): self.filled(v) for k, v in value.items()}
        return [self.filled(one) for one in value] if isinstance(value, list) else value

    def state(self) -> dict[Label, str]:
        held = moto_state.things()
        told = texts(held)
        return {label: told[label] for label in self.victims if label in told}


class _Everybody(dict):
    """mallory, whoever asks."""

    def __init__(self, session: Any) -> None:
        super().__init__()
        self._session = session

    def __contains__(self, _: object) -> bool:
        return True

    def __getitem__(self, _: object) -> Any:
        return self._session


_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def fuzz(seed: str, seconds: float, requests: int, tell: Any = lambda find: None) -> Result:
    """Make requests for so long, or so many, in one world after the other."""
    result, maker = Result(tell), Maker(seed)
    end = time.monotonic() + seconds
    while time.monotonic() < end and result.counted["requests"] < requests:
        with World() as world:
            maker.begin()
            before, spoiled = world.state(), 0
            for _ in range(min(A_ROUND, requests - result.counted["requests"])):
                if spoiled >= 3 or world.hangs or time.monotonic() >= end:
                    break
                asked = maker.request()
                did = list(_asked(world, asked, maker, result))
                if not did and result.last == "":
                    after = world.state()
                    did = [
                        f"{'changed' if label in after else 'gone'}: {label}"
                        for label in sorted(before)
                        if before[label] != after.get(label)
                    ]
                    before = after
                if did:
                    spoiled += 1
                    result.note(Find(asked, tuple(did)))
    return result


def _asked(world: World, asked: Request, maker: Maker, result: Result) -> Iterator[str]:
    """Make a request; what is wrong with how it was answered."""
    result.last = "crash"
    try:
        result.last, _ = ask(world, asked)
    except Exception as error:  # whatever it is, a client should not meet it
        yield f"crash: {type(error).__name__}: {error}"
    result.counted["requests"] += 1
    result.counted["carried out"] += result.last == ""
    if result.last:
        result.refused[result.last] += 1
    if result.last == "SandboxNotModelled":
        maker.unknown[asked.service, asked.operation] += 1
    elif asked.way not in ("post", "resource"):
        maker.reached.append((asked.service, asked.operation))
    if result.last.startswith(("5", "Internal")):
        yield f"answered: {result.last}"


def main() -> int:
    minutes = float((sys.argv[1:] or [os.environ.get("LAB_FUZZ_MINUTES") or 10])[0])
    seed = (sys.argv[2:] or [os.environ.get("LAB_FUZZ_SEED") or secrets.token_hex(4)])[0]
    print(f"seed {seed}, {minutes:g} minutes", flush=True)
    began = time.monotonic()

    def tell(find: Find) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {find}", flush=True)

    result = fuzz(seed, minutes * 60, 10**9, tell)
    made, took = result.counted["requests"], time.monotonic() - began
    print(
        f"{len(result.finds)} finds in {made:,} requests ({made / took:,.0f} a second), of which "
        f"{result.counted['carried out']:,} were carried out"
    )
    print(", ".join(f"{count:,} {name}" for name, count in result.refused.most_common(20)))
    return 1 if result.finds else 0


if __name__ == "__main__":
    sys.exit(main())
