"""What EC2 has fetched for an instance's role, and when it fetches again.

EC2 looks at the instance profile only when it fetches: whoever repairs a trust policy, or puts
another role into the profile, waits for the next time (STS_FACTS 7.1). Another profile on the
instance counts at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from labhelpers.sandbox.interpret.call import ServiceUse
from labhelpers.sandbox.state import iam, instances
from labhelpers.sandbox.state.sessions import Session
from labhelpers.sandbox.wire.times import iso
from labhelpers.sandbox.workloads.service_roles import (
    ROLLED_BEFORE,
    ServiceRoles,
    credentials_document,
)

EC2 = "ec2.amazonaws.com"
#: How long EC2 waits after it got nothing. AWS does not say; instances see about an hour.
RETRY = timedelta(hours=1)
_HELP = (
    "Please see documentation at "
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One fetch. `session` is None where EC2 could not assume the role; `role_name` is "" where
    the profile holds none; `found` is False where the profile is gone."""

    source: tuple[str, str]  # association id, instance profile id
    profile_arn: str
    updated: datetime
    found: bool
    role_name: str
    session: Session | None

    @property
    def next_fetch(self) -> datetime:
        return self.session.expires - ROLLED_BEFORE if self.session else self.updated + RETRY

    def info(self) -> dict[str, str]:
        """The document iam/info."""
        profile_id, last = self.source[1], iso(self.updated)
        if not self.found:
            message = f"Instance Profile with AssociatedId {profile_id} cannot be found. {_HELP}"
            return {"Code": "InstanceProfileNotFound", "Message": message, "LastUpdated": last}
        told = {"Code": "Success"}
        if not self.role_name:
            told["Message"] = f"Instance Profile does not contain a role. {_HELP}"
        return told | {
            "LastUpdated": last,
            "InstanceProfileArn": self.profile_arn,
            "InstanceProfileId": profile_id,
        }

    def credentials(self) -> dict[str, str]:
        """The document iam/security-credentials/ROLE."""
        last = iso(self.updated)
        if self.session is None:
            message = f"EC2 cannot assume the role {self.role_name}. {_HELP}"
            return {"Code": "AssumeRoleUnauthorizedAccess", "Message": message, "LastUpdated": last}
        kind = {"Code": "Success", "LastUpdated": last, "Type": "AWS-HMAC"}
        return kind | credentials_document(self.session)


class Deliveries:
    """The latest fetch for each instance. IMDSv1 and IMDSv2 hand out keys of their own, which
    policies can tell apart by ec2:RoleDelivery."""

    def __init__(self, roles: ServiceRoles) -> None:
        self._roles = roles
        self._latest: dict[tuple[str, str], Delivery] = {}

    def current(
        self, instance: instances.Instance, version: str, lab_now: datetime
    ) -> Delivery | None:
        """None for an instance without a profile; `version` is "1.0" or "2.0"."""
        association = instances.instance_profile_of(instance)
        if association is None:
            return None
        association_id, profile = association
        source = (association_id, profile.id)
        latest = self._latest.get((instance.id, version))
        if latest is None or latest.source != source or lab_now >= latest.next_fetch:
            latest = self._fetch(instance, version, source, profile, lab_now)
            self._latest[instance.id, version] = latest
        return latest

    def forget(self, instance_id: str) -> None:
        for version in ("1.0", "2.0"):
            self._latest.pop((instance_id, version), None)

    def _fetch(
        self,
        instance: instances.Instance,
        version: str,
        source: tuple[str, str],
        profile: iam.InstanceProfile,
        lab_now: datetime,
    ) -> Delivery:
        found = instances.is_current_profile(profile)
        role = profile.roles[0] if found and profile.roles else None
        session = None
        if role is not None:
            region = instance.ec2_backend.region_name
            owner = instance.ec2_backend.account_id
            carried = {
                "ec2:RoleDelivery": version,
                "ec2:SourceInstanceARN": f"arn:aws:ec2:{region}:{owner}:instance/{instance.id}",
            }
            use = ServiceUse(EC2, instance.id, region, {}, carried)
            session = self._roles.assume(use, role.arn, lab_now)
        updated = lab_now.replace(microsecond=0)
        name = role.name if role is not None else ""
        return Delivery(source, profile.arn, updated, found, name, session)
