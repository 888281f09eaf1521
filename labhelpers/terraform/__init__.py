"""Terraform files: read them, resolve them, see who may do what. No AWS is asked.

configuration = load("terraform/ec2-s3-role", account_id="111122223333")
configuration.resources["aws_iam_role.reader"].values["arn"]
"""

from .access import Access
from .access_graph import access_graph, access_table
from .checks import audit
from .configuration import Configuration, load
from .deploy import Deployment, deploy, destroy
from .errors import Diagnostic, TerraformError
from .graph import trust_graph
from .resources import Resource
from .values import Unknown

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
