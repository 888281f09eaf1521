"""Programs that get a role's credentials from where they run: EC2 instances and containers.

EC2 and ECS assume the role on their own behalf and hand out its credentials over plain HTTP, to
whoever can reach that endpoint from inside. Here the endpoints are paths that no S3 bucket can
have, answered before any signature is asked for; to an instance's path leads a port of its own.
service_roles.py assumes the role, instance_metadata.py and container_credentials.py hand it out.
"""

from labhelpers.sandbox.workloads.instance_metadata import InstanceMetadata
from labhelpers.sandbox.workloads.workloads import Workloads

__all__ = ["InstanceMetadata", "Workloads"]
