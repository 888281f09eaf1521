"""What the environment says about the real account, and whether it may be used."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labhelpers.errors import LabError

if TYPE_CHECKING:
    import boto3

#: Seconds that the lab waits for AWS at most: for a policy to count, for time to pass.
PATIENCE = 60.0
REGION = "ap-northeast-2"


@dataclass(frozen=True)
class Settings:
    """LAB_AWS_…, read once. `profile` None leaves the choice to boto3's own chain."""

    account_id: str
    profile: str | None = None
    second_account_id: str = ""
    second_profile: str | None = None
    region: str = REGION
    yes: bool = False
    ami: str = ""
    ceiling: bool = False  # every user and role carries the boundary that an administrator made
    patience: float = PATIENCE

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """From environment variables. Raises LabError for one that cannot be what is meant."""
        env = os.environ if environ is None else environ
        return cls(
            account_id=_account(env, "LAB_AWS_ACCOUNT_ID"),
            profile=env.get("LAB_AWS_PROFILE") or None,
            second_account_id=_account(env, "LAB_AWS_SECOND_ACCOUNT_ID"),
            second_profile=env.get("LAB_AWS_SECOND_PROFILE") or None,
            region=_region(env, "LAB_AWS_REGION"),
            yes=_switch(env, "LAB_AWS_YES"),
            ami=_ami(env, "LAB_AWS_AMI"),
            ceiling=_switch(env, "LAB_AWS_CEILING"),
            patience=_seconds(env, "LAB_AWS_PATIENCE"),
        )

    def environ(self) -> dict[str, str]:
        """The variables from which read() makes the same settings in another process."""
        found = {
            "LAB_BACKEND": "aws",
            "LAB_AWS_ACCOUNT_ID": self.account_id,
            "LAB_AWS_PROFILE": self.profile,
            "LAB_AWS_SECOND_ACCOUNT_ID": self.second_account_id,
            "LAB_AWS_SECOND_PROFILE": self.second_profile,
            "LAB_AWS_REGION": self.region,
        }
        return {name: value or "" for name, value in found.items()}


def for_a_command() -> Settings:
    """The settings of a command that works on the real account and in no other place. Raises
    LabError, with nothing asked and no credentials read, unless that account was chosen, and named
    by its number, by whoever set the environment."""
    settings = Settings.read()
    missing = [] if os.environ.get("LAB_BACKEND") == "aws" else ["LAB_BACKEND=aws"]
    if not settings.account_id:
        missing.append("LAB_AWS_ACCOUNT_ID to the 12 digits of your sandbox account")
    if missing:
        raise LabError(
            f"AWS was not asked, and no credentials were read: this works on a real account. To "
            f"confirm yours, set {' and '.join(missing)}."
        )
    return settings


def _account(env: Mapping[str, str], name: str) -> str:
    number = env.get(name, "")
    if number and not re.fullmatch(r"\d{12}", number, re.ASCII):
        raise LabError(f"{name}={number!r} is no account id: write its 12 digits.")
    return number


def _region(env: Mapping[str, str], name: str) -> str:
    region = env.get(name) or REGION
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region, re.ASCII):
        raise LabError(f"{name}={region!r} is no Region: write one such as {REGION}.")
    return region


def _switch(env: Mapping[str, str], name: str) -> bool:
    if env.get(name, "") not in ("", "0", "1"):
        raise LabError(f"{name}={env[name]!r} is neither 1 (yes) nor 0 (no).")
    return env.get(name) == "1"


def _ami(env: Mapping[str, str], name: str) -> str:
    ami = env.get(name, "")
    if ami and not re.fullmatch(r"ami-[0-9a-f]{8,17}", ami, re.ASCII):
        raise LabError(f"{name}={ami!r} is no id of an AMI such as ami-0123456789abcdef0.")
    return ami


def _seconds(env: Mapping[str, str], name: str) -> float:
    text = env.get(name) or str(PATIENCE)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < 86400:
        raise LabError(f"{name}={text!r} is no number of seconds.")
    return seconds


def confirmed_caller(session: boto3.Session, wanted: str, variable: str) -> str:
    """The ARN of who these credentials are, if they are of the account that was confirmed.

    The only call that is made before. Raises LabError, and says what to set, for any other
    account, for the root user and for credentials that do not work.
    """
    arn, account = _who(session)
    if not wanted:
        raise LabError(
            f"These credentials belong to account {account}. If that is a sandbox account in "
            f"which this lab may create and delete things, confirm it: set {variable}={account}. "
            "Nothing was created."
        )
    if account != wanted:
        raise LabError(
            f"These credentials belong to account {account}, but {variable} is {wanted}. Choose "
            "the right profile or confirm the other account. Nothing was created."
        )
    _check_not_root(arn)
    return arn


def check_same_account(session: boto3.Session, wanted: str) -> None:
    """Raises LabError where credentials that have renewed themselves are another account's, or the
    root user's."""
    arn, account = _who(session)
    if account != wanted:
        raise LabError(
            f"Your credentials have become those of account {account}, and this lab is in "
            f"{wanted}. Switch back where they come from and go on; nothing was done in the other."
        )
    _check_not_root(arn)


def _check_not_root(arn: str) -> None:
    if arn.endswith(":root"):
        raise LabError(
            "These are credentials of the root user, which no lab should ever use (and which "
            "cannot assume roles). Use an IAM user or a role of the account."
        )


def _who(session: boto3.Session) -> tuple[str, str]:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    from labhelpers.account.answers import NoAnswer, told

    try:
        found: dict[str, Any] = session.client("sts").get_caller_identity()
    except ClientError as error:
        said = error.response["Error"]
        raise LabError(
            f"AWS does not accept these credentials: {said.get('Code')}: {said.get('Message')} "
            "Sign in again, or set LAB_AWS_PROFILE to a profile that works."
        ) from None
    except (NoAnswer, ResponseParserError) as error:
        raise LabError(f"{told(error)} Nothing was created or removed.") from None
    except BotoCoreError as error:
        raise LabError(
            f"boto3 cannot use these credentials: {str(error).rstrip('.')}. Set LAB_AWS_PROFILE, "
            "sign in with `aws sso login`, or see README.md, «On a real account»."
        ) from None
    return found["Arn"], found["Account"]
