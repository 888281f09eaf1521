"""The lab in which clients are tried: its bucket, its roles, and who has which environment."""

from __future__ import annotations

import os
from pathlib import Path

from scene import World, allow, deny, trusts

from labhelpers.sandbox.workloads.plain import child_environ

BUCKET = "client-matrix"
EXTERNAL_ID = "matrix-4711"
ISSUER = "https://id.example.com"
#: A condition that no sandbox knows: whoever has it is refused as not modelled.
UNKNOWN = {"StringEquals": {"aws:Ec2InstanceSourceVpc": "vpc-1"}}


def people(lab, folder: Path) -> dict[str, dict[str, str]]:
    """Who -> the environment of a process. Keys: una, the administrator, a stranger (an unknown
    key), lea (nobody can decide about her); a session; profiles, one of them with a wrong external
    id; an instance, a container, a pod with a token."""
    world = World(lab)
    s3 = world.bucket(BUCKET)
    s3.put_object(Bucket=BUCKET, Key="secret/plan", Body=b"hidden")
    s3.put_object(Bucket=BUCKET, Key="hello", Body=b"found", Metadata={"owner_id": "una"})
    work = [
        allow(["s3:*", "sts:*"]),
        deny("s3:GetObject", f"arn:aws:s3:::{BUCKET}/secret/*"),
    ]
    una = world.user("una", *work)
    who = "arn:aws:iam::111122223333:user/una"
    given = {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}
    worker = world.role("worker", trusts(who, Condition=given), permissions=work)
    services = {"Service": ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]}
    machine = world.role("machine", trusts(services), permissions=work)
    session = lab.attempt(
        una.client("sts").assume_role,
        RoleArn=worker,
        RoleSessionName="given",
        ExternalId=EXTERNAL_ID,
    ).response["Credentials"]
    strange = {"AccessKeyId": "AKIAQQQQQQQQQQQQQQQQ", "SecretAccessKey": "s" * 40}
    found = {
        "una": _keys(lab, _of(una)),
        "admin": _keys(lab, _of(lab.session())),
        "stranger": _keys(lab, strange),
        "lea": _keys(lab, _of(world.user("lea", allow("*", Condition=UNKNOWN)))),
        "session": _keys(lab, session),
        "instance": _instance(lab, world),
        "container": lab.container_credentials(machine).environ(),
        "pod": _pod(lab, world, folder, work),
    }
    return found | _profiles(lab, folder, _of(una), worker)


def _of(session) -> dict[str, str]:
    keys = session.get_credentials()
    return {"AccessKeyId": keys.access_key, "SecretAccessKey": keys.secret_key}


def _keys(lab, keys: dict[str, str]) -> dict[str, str]:
    more = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if "SessionToken" in keys:
        more["AWS_SESSION_TOKEN"] = keys["SessionToken"]
    return child_environ(lab.endpoint_url, lab.region, **more)


def _instance(lab, world) -> dict[str, str]:
    iam, ec2 = world.iam(), lab.client("ec2")
    iam.create_instance_profile(InstanceProfileName="machine")
    iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="machine")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    profile = {"Name": "machine"}
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, IamInstanceProfile=profile)
    return lab.instance_metadata(made["Instances"][0]["InstanceId"]).environ()


def _pod(lab, world, folder: Path, work) -> dict[str, str]:
    issuer = lab.identity_provider(ISSUER)
    iam = world.iam()
    provider = iam.create_open_id_connect_provider(
        Url=ISSUER, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
    )["OpenIDConnectProviderArn"]
    door = trusts({"Federated": provider}) | {"Action": "sts:AssumeRoleWithWebIdentity"}
    door["Condition"] = {"StringEquals": {f"{ISSUER[8:]}:sub": "pod"}}
    role = world.role("pod", door, permissions=work)
    token = folder / "token"
    token.write_text(issuer.issue("pod", expires_in=86_400))
    return child_environ(
        lab.endpoint_url,
        lab.region,
        AWS_ROLE_ARN=role,
        AWS_WEB_IDENTITY_TOKEN_FILE=str(token),
        AWS_ROLE_SESSION_NAME="pod",
        AWS_EC2_METADATA_DISABLED="true",
    )


def _profiles(lab, folder: Path, keys: dict[str, str], role: str) -> dict[str, dict[str, str]]:
    config = folder / "config"
    text = f"[profile una]\naws_access_key_id = {keys['AccessKeyId']}\n"
    text += f"aws_secret_access_key = {keys['SecretAccessKey']}\n"
    for name, external_id in (("worker", EXTERNAL_ID), ("confused", "another")):
        text += f"[profile {name}]\nsource_profile = una\nrole_arn = {role}\n"
        text += f"role_session_name = {name}\nexternal_id = {external_id}\n"
    config.write_text(text)
    return {
        name: child_environ(lab.endpoint_url, lab.region)
        | {
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PROFILE": name,
            "AWS_SDK_LOAD_CONFIG": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name in ("worker", "confused")
    }
