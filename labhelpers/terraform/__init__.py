"""Terraform files: read them, resolve them, see who may do what. No AWS is asked.

configuration = load("terraform/ec2-s3-role", account_id="111122223333")
configuration.resources["aws_iam_role.reader"].values["arn"]
"""

from .configuration import Configuration, load
from .errors import Diagnostic, TerraformError
from .graph import trust_graph
from .resources import Resource
from .values import Unknown

__all__ = [
    "Configuration",
    "Diagnostic",
    "Resource",
    "TerraformError",
    "Unknown",
    "load",
    "trust_graph",
]
