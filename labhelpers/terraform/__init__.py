"""Terraform files: read them, resolve them, see who may do what. Only deploy() and
destroy() ask AWS.

configuration = load("terraform/ec2-s3-role", account_id="111122223333")
configuration.resources["aws_iam_role.reader"].values["arn"]

Floors, each knowing only those below it: checks (findings) · access and deployment (who may do
what; made real with boto3) · modules (what is declared becomes values) · provider (what the AWS
provider makes of it) · language (HCL: text → syntax → values). Names are loaded at first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labhelpers.terraform.access.access import Access
    from labhelpers.terraform.access.access_graph import access_graph, access_table
    from labhelpers.terraform.access.trust_graph import trust_graph
    from labhelpers.terraform.checks.auditing import audit
    from labhelpers.terraform.deployment.deploy import Deployment, deploy, destroy
    from labhelpers.terraform.language.errors import Diagnostic, TerraformError
    from labhelpers.terraform.language.values import Unknown
    from labhelpers.terraform.modules.configuration import Configuration, Resource
    from labhelpers.terraform.modules.load import load

_WHERE = {
    "Access": "access.access",
    "Configuration": "modules.configuration",
    "Deployment": "deployment.deploy",
    "Diagnostic": "language.errors",
    "Resource": "modules.configuration",
    "TerraformError": "language.errors",
    "Unknown": "language.values",
    "access_graph": "access.access_graph",
    "access_table": "access.access_graph",
    "audit": "checks.auditing",
    "deploy": "deployment.deploy",
    "destroy": "deployment.deploy",
    "load": "modules.load",
    "trust_graph": "access.trust_graph",
}

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


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
