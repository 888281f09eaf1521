"""Service-linked roles: what AWS calls them, and the policy that comes with each.

Names: AWS's own managed policies name most roles; some more are in AWS's guides. Their policies
are AWS managed ones, named after the role or the service.
"""

from __future__ import annotations

import re
from functools import lru_cache

from labhelpers.sandbox.state.iam import iam_backend

PATH = "/aws-service-role/"
_ROLE = re.compile(r"aws-service-role/([a-z0-9.-]+\.amazonaws\.com)/AWSServiceRoleFor(\w+)")
#: Service -> the end of its role's name, of services whose guides name it.
_MORE = {
    "application-autoscaling": "ApplicationAutoScaling",
    "batch": "Batch",
    "cks.kms": "KeyManagementServiceCustomKeyStores",
    "cloudtrail": "CloudTrail",
    "cloudwatch-crossaccount": "CloudWatchCrossAccount",
    "custom-resource.application-autoscaling": "ApplicationAutoScaling_CustomResource",
    "ec2fleet": "EC2Fleet",
    "ecs.application-autoscaling": "ApplicationAutoScaling_ECSService",
    "eks-fargate": "AmazonEKSForFargate",
    "eks-nodegroup": "AmazonEKSNodegroup",
    "elasticfilesystem": "AmazonElasticFileSystem",
    "elasticmapreduce": "EMRCleanup",
    "es": "AmazonElasticsearchService",
    "fsx": "AmazonFSx",
    "guardduty": "AmazonGuardDuty",
    "inspector2": "AmazonInspector2",
    "lambda.application-autoscaling": "ApplicationAutoScaling_LambdaConcurrency",
    "lightsail": "Lightsail",
    "member.org.stacksets.cloudformation": "CloudFormationStackSetsOrgMember",
    "ops.apigateway": "APIGateway",
    "organizations": "Organizations",
    "ram": "ResourceAccessManager",
    "rds.application-autoscaling": "ApplicationAutoScaling_RDSCluster",
    "replicator.lambda": "LambdaReplicator",
    "securityhub": "SecurityHub",
    "spotfleet": "EC2SpotFleet",
    "stacksets.cloudformation": "CloudFormationStackSetsOrgAdmin",
    "trustedadvisor": "TrustedAdvisor",
    "wafv2": "WAFV2Logging",
}
#: End of a role's name -> its policy, where that is named otherwise.
_POLICIES = {
    "AmazonEKSNodegroup": "AWSServiceRoleForAmazonEKSNodegroup",
    "ApplicationInsights": "CloudwatchApplicationInsightsServiceLinkedRolePolicy",
    "Backup": "AWSBackupServiceLinkedRolePolicyForBackup",
    "CloudWatchCrossAccount": "CloudWatch-CrossAccountAccess",
    "EC2Spot": "AWSEC2SpotServiceRolePolicy",
    "EMRCleanup": "AmazonEMRCleanupPolicy",
    "GlobalAccelerator": "AWSGlobalAcceleratorSLRPolicy",
    "InternetMonitor": "CloudWatchInternetMonitorServiceRolePolicy",
    "LambdaReplicator": "AWSLambdaReplicator",
    "LexBots": "LexBotPolicy",
    "LexChannels": "LexChannelPolicy",
    "LexV2Bots": "AmazonLexV2BotPolicy",
    "Lightsail": "LightsailExportAccess",
    "Organizations": "AWSOrganizationsServiceTrustPolicy",
    "Profile": "CustomerProfilesServiceLinkedRolePolicy",
    "SSMQuickSetup": "SSMQuickSetupRolePolicy",
    "Schemas": "AmazonEventBridgeSchemasServiceRolePolicy",
    "SecurityLake": "SecurityLakeServiceLinkedRole",
    "VPCTransitGateway": "AWSVPCTransitGatewayServiceRolePolicy",
}


def role_name(service: str) -> str | None:
    """AWSServiceRoleForECS of ecs.amazonaws.com, None where nobody knows the name."""
    end = _names().get(service) or _MORE.get(service.removesuffix(".amazonaws.com"))
    return None if end is None else f"AWSServiceRoleFor{end}"


def policy_arn(name: str, account_id: str) -> str | None:
    """The AWS managed policy of a role of this name, None where nobody knows it."""
    end = name.removeprefix("AWSServiceRoleFor")
    plain = end.removeprefix("ApplicationAutoScaling_").removeprefix("Amazon").removeprefix("AWS")
    written = {_POLICIES.get(end, "").lower()} - {""} or {
        f"{who}{plain}{what}".lower()
        for who in ("", "AWS", "Amazon", "AWSApplicationAutoscaling", "AWSServiceRoleFor")
        for what in ("", "ServiceRolePolicy", "ServiceLinkedRolePolicy", "RolePolicy", "Policy")
    }
    held = iam_backend(account_id).managed_policies.values()
    own = (policy for policy in held if policy.path.startswith(PATH))
    return next((policy.arn for policy in own if policy.name.lower() in written), None)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Service -> end of the role's name, of the roles that AWS's policies name."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found: dict[str, str] = {}
    for service, end in _ROLE.findall(aws_managed_policies_data):
        found.setdefault(service, end.rstrip("_"))
    return found
