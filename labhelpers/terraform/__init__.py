"""Terraform files: read them, resolve them, see who may do what. No AWS is asked.

configuration = load("terraform/ec2-s3-role", account_id="111122223333")
configuration.resources["aws_iam_role.reader"].values["arn"]
"""

from labhelpers.terraform.access.access import Access
from labhelpers.terraform.access.access_graph import access_graph, access_table
from labhelpers.terraform.access.trust_graph import trust_graph
from labhelpers.terraform.checks import audit
from labhelpers.terraform.deployment.deploy import Deployment, deploy, destroy
from labhelpers.terraform.language.errors import Diagnostic, TerraformError
from labhelpers.terraform.language.values import Unknown
from labhelpers.terraform.modules.configuration import Configuration, Resource
from labhelpers.terraform.modules.load import load

__all__ = [
    "Access",
    "Configuration",
    "Deployment",
    "Diagnostic",
    "Resource",
    "TerraformError",
    "Unknown",
    "access_graph",
    "access_table",
    "audit",
    "deploy",
    "destroy",
    "load",
    "trust_graph",
]
