"""Short ways to set a scene in a lab: users, roles, buckets and the statements they need."""

from __future__ import annotations

import json

from labhelpers.policy import Principal


class World:
    """Short ways to set a scene in a lab."""

    def __init__(self, lab):
        self.lab = lab
        self._iam = {}

    def iam(self, account=None):
        """The administrator's client; a new one takes longer than a call."""
        if account not in self._iam:
            self._iam[account] = self.lab.session(account).client("iam")
        return self._iam[account]

    def user(self, name, *statements, account=None):
        """A boto3 Session of a new user with one inline policy."""
        iam = self.iam(account)
        iam.create_user(UserName=name)
        if statements:
            document = policy(*statements)
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document)
        return self.lab.session_from(iam.create_access_key(UserName=name)["AccessKey"])

    def role(self, name, *trust, permissions=(), account=None, **more):
        """The ARN of a new role."""
        iam = self.iam(account)
        answer = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(*trust), **more)
        if permissions:
            iam.put_role_policy(
                RoleName=name, PolicyName="inline", PolicyDocument=policy(*permissions)
            )
        return answer["Role"]["Arn"]

    def assume(self, session, role_arn, name="session", **more):
        """The Outcome of AssumeRole by the holder of a boto3 Session."""
        call = session.client("sts").assume_role
        return self.lab.attempt(call, RoleArn=role_arn, RoleSessionName=name, **more)

    def bucket(self, name, account=None):
        s3 = self.lab.session(account).client("s3")
        s3.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": self.lab.region}
        )
        return s3

    def open_bucket(self, name, account=None):
        """A bucket that a policy may make public; new ones are shut."""
        s3 = self.bucket(name, account)
        s3.delete_public_access_block(Bucket=name)
        return s3


def issue(registry, role_arn, **fields):
    """A role session straight from a SessionRegistry, without a lab."""
    account, name = role_arn.split(":")[4], fields["session_name"]
    arn = f"arn:aws:sts::{account}:assumed-role/{role_arn.rsplit('/', 1)[-1]}/{name}"
    who = Principal("role-session", arn, account, "AROAEXAMPLE", role_arn=role_arn)
    return registry.add(principal=who, user_id=f"AROAEXAMPLE:{name}", **fields)


def reason(message) -> str:
    """The message of a denial without the authorization id that IAM's end with."""
    return message.partition(". Go to https://us-east-1.console.aws.amazon.com/iam/")[0]


def policy(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resources="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions, resources="*", **more):
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **more}


def trusts(aws, effect="Allow", **more):
    principal = aws if isinstance(aws, dict) else {"AWS": aws}
    return {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole", **more}
