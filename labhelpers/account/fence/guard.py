"""What may be asked of a real account at all: what the lessons use, and only of own things.

check() looks at a call as a lesson makes it, check_own() at what AWS would get: by then every
name is the account's. Whoever calls is asked the same, for a right that a boundary withholds
today may be the learner's own tomorrow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from labhelpers.account.creates import KINDS
from labhelpers.account.fence.allowed import check_listed, kinds, takes
from labhelpers.account.fence.buckets import check_bucket_policy
from labhelpers.account.fence.owned import Owned
from labhelpers.account.fence.ranges import Ranges, cidrs
from labhelpers.account.fence.tags import check_tags
from labhelpers.account.fence.trust import is_doubtful, names_strangers, strangers_could_enter
from labhelpers.account.names import Names
from labhelpers.errors import LabError, SandboxOnly

SERVICES = ("iam", "sts", "s3", "ec2")
#: The only ones with an endpoint for all Regions that boto3 calls aws-global.
_GLOBAL = ("iam", "sts")
_WHY_NOT = {
    "organizations": "An organization is nothing to try things out with on a real account.",
    "cloudtrail": "CloudTrail's events arrive minutes later, and only a trail has data events.",
}
_READS = re.compile(r"(Get|List|Describe|Head)")
#: Sessions with the learner's own rights, which no boundary limits.
_LEARNERS_OWN = ("GetSessionToken", "GetFederationToken")
#: Signed by whoever holds the keys, carried out by whoever holds the link.
_LINKS = {"s3": ("GetObject", "HeadObject", "PutObject"), "sts": ("GetCallerIdentity",)}
#: What is gone by its id at once; instances can be looked at for an hour.
_DELETES = {
    "DeleteAccessKey": "AccessKeyId",
    "DeleteOpenIDConnectProvider": "OpenIDConnectProviderArn",
    "DeleteSecurityGroup": "GroupId",
}
_SIZES = ("t2.micro", "t3.micro", "t3.nano", "t4g.micro", "t4g.nano")
_TRUST = {"CreateRole": "AssumeRolePolicyDocument", "UpdateAssumeRolePolicy": "PolicyDocument"}
_FOREIGN = "{operation} names with {path}={value!r} nothing that this lab has made."
_LETTERS = "{operation}: {path}={value!r} has letters that AWS takes in no such name."
_PUBLIC = "The lab opens nothing to the public on a real account: {path}={value!r}."
_WHY = {
    "ACL": _PUBLIC,
    "on": _PUBLIC,
    "Region": "This lab works in one Region, and {path}={value!r} is another.",
}
_STRANGERS = "A role that strangers' tokens could enter is not put on a real account."
_DOUBTFUL = (
    "This policy could be read in two ways: write it as JSON, each element once as IAM spells it."
)
_OTHERS = "A role that other accounts could enter is not put on a real account."


class Guard:
    """`ami` is what an instance may be started from, `learners` the ARNs of who runs the lab."""

    def __init__(
        self, names: Names, region: str, ami: str = "", learners: Sequence[str] = ()
    ) -> None:
        self._names, self._region, self._ami = names, region, ami
        self._learners = learners
        self.owned = Owned(names.prefix, names.accounts, region)
        self._ranges = Ranges()

    def check(
        self, service: str, operation: str, given: Mapping[str, Any], administrator: bool
    ) -> None:
        """Raises SandboxOnly for what the lab does not do on a real account."""
        check_listed(f"{service}:{operation}", given)
        if operation in _LEARNERS_OWN and administrator:
            raise SandboxOnly(
                f"{operation} would hand out a session with all of your own rights in the account."
            )
        if operation == "RunInstances" and not self._ami:
            raise SandboxOnly(
                "An EC2 instance costs money: set LAB_AWS_AMI to the id of an AMI of "
                f"{self._region} if the lab may start one."
            )
        check_tags(service, (service, operation) in KINDS, given)

    def check_region(self, service: str, region: str) -> None:
        """Raises SandboxOnly for a service of no lesson, LabError for another Region."""
        if service not in SERVICES:
            raise SandboxOnly(_WHY_NOT.get(service, f"The lab uses no {service} on AWS."))
        if region != self._region and not (region == "aws-global" and service in _GLOBAL):
            raise LabError(
                f"This lab works in {self._region} and nowhere else; this client is for {region}."
            )

    def check_own(
        self, service: str, operation: str, sent: Mapping[str, Any], administrator: bool
    ) -> None:
        """Raises SandboxOnly unless all that a request names is of this run.

        `operation` is the lesson's, `sent` has the account's names. A create names what it makes,
        and whatever else changes something names a thing: no name means the caller's own user.
        """
        named = False
        for path, kind, value in kinds(f"{service}:{operation}", sent):
            if not self.owned.holds(kind, value):
                raise self._foreign(operation, path, kind, value)
            named = True
        create = KINDS.get((service, operation))
        nameless = create is not None and create.name and not sent.get(create.name)
        own = administrator and takes(f"{service}:{operation}", "UserName")
        if nameless or (own and not sent.get("UserName")):
            raise SandboxOnly(f"{operation} without a name would be about your own user.")
        if service != "sts" and create is None and not named and not _READS.match(operation):
            raise SandboxOnly("This call names nothing that the lab has made.")
        if operation == "CreatePolicy" and self.owned.is_boundary(sent["PolicyName"]):
            raise SandboxOnly("The lab's own boundary has that name; call the policy otherwise.")
        self._check_public(operation, sent)

    def _foreign(self, operation: str, path: str, kind: str, value: Any) -> SandboxOnly:
        said = self._names.lesson(value) if isinstance(value, str) else value
        ours = kind == "name" and str(value).startswith(self._names.prefix)
        why = _LETTERS if ours else _WHY.get(kind, _FOREIGN)
        return SandboxOnly(why.format(operation=operation, path=path, value=said))

    def _check_public(self, operation: str, sent: Mapping[str, Any]) -> None:
        accounts, ids = self.owned.accounts, self.owned.ids
        trust = sent.get(_TRUST.get(operation, ""))
        document = str(sent.get("Policy", "")) if operation == "PutBucketPolicy" else trust
        if isinstance(document, str) and is_doubtful(document):
            raise SandboxOnly(_DOUBTFUL)
        if isinstance(trust, str) and strangers_could_enter(trust, self._names.repository):
            raise SandboxOnly(_STRANGERS)
        if isinstance(trust, str) and names_strangers(trust, accounts, ids):
            raise SandboxOnly(_OTHERS)
        if operation == "PutBucketPolicy" and document:
            check_bucket_policy(document, sent["Bucket"], accounts, ids, self._learners)
        if operation == "PutPublicAccessBlock":
            wanted = sent.get("PublicAccessBlockConfiguration")
            if not isinstance(wanted, Mapping) or len(wanted) != 4:
                raise SandboxOnly("The lab opens no bucket to the public on a real account.")
        if operation == "AuthorizeSecurityGroupIngress":
            self._ranges.add(cidrs(sent.get("IpPermissions")))

    def check_link(self, service: str, operation: str, given: Mapping[str, Any]) -> None:
        """Raises SandboxOnly for a presigned link to anything but an own object, or to who am I.

        Nobody is asked any more when a link is used.
        """
        if operation not in _LINKS.get(service, ()) or given.keys() - {"Bucket", "Key"}:
            raise SandboxOnly(
                f"The lab signs no link for {service}:{operation}, only to read or write an own "
                "object and for GetCallerIdentity."
            )
        for kind, name in (("name", "Bucket"), ("object key", "Key")) if service == "s3" else ():
            if not self.owned.holds(kind, given.get(name)):
                raise self._foreign(operation, name, kind, given.get(name))

    def made(self, parsed: Mapping[str, Any]) -> None:
        """Note the ids of what was created: an answer names others' things, too."""
        found = [parsed.get("OpenIDConnectProviderArn"), parsed.get("GroupId")]
        found += [instance.get("InstanceId") for instance in parsed.get("Instances", ())]
        found += [parsed.get("User", {}).get("UserId"), parsed.get("Role", {}).get("RoleId")]
        self.owned.ids.update(filter(None, found))

    def gone(self, operation: str, sent: Mapping[str, Any]) -> None:
        """Forget the id of what was deleted: somebody may make another thing that has the same."""
        self.owned.ids.discard(str(sent.get(_DELETES.get(operation, ""))))

    def saw(self, operation: str, parsed: Mapping[str, Any]) -> None:
        """Note the default networks, in which an instance may stand: a lesson looks for them."""
        found = [vpc["VpcId"] for vpc in parsed.get("Vpcs", ()) if vpc.get("IsDefault")]
        found += [
            subnet["SubnetId"]
            for subnet in parsed.get("Subnets", ())
            if subnet.get("DefaultForAz") or subnet.get("VpcId") in self.owned.networks
        ]
        if operation in ("DescribeVpcs", "DescribeSubnets"):
            self.owned.networks.update(found)

    def instance(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """RunInstances as the lab may make it: one, small, from the learner's AMI."""
        if operation != "RunInstances":
            return dict(parameters)
        size = parameters.get("InstanceType", _SIZES[1])
        if size not in _SIZES:
            raise SandboxOnly(f"An instance of {size} is dearer than any lesson is worth.")
        return {
            **parameters,
            "ImageId": self._ami,
            "InstanceType": size,
            "MinCount": 1,
            "MaxCount": 1,
        }
