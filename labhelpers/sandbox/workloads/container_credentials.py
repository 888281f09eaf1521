"""Credentials of a container, as ECS hands them to a task and EKS Pod Identity to a pod.

The task's role must trust ecs-tasks.amazonaws.com. Sources: ECS Developer Guide, "Task IAM role";
AWS SDKs Reference Guide, "Container credential provider"; STS_FACTS 7.4. The wording of refused
requests is the sandbox's own; on ECS itself no authorization token is asked for.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from labhelpers.sandbox.interpret.call import ServiceUse
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.sessions import Session
from labhelpers.sandbox.wire.http import Answer, HttpRequest
from labhelpers.sandbox.workloads.plain import child_environ, document
from labhelpers.sandbox.workloads.service_roles import (
    ROLLED_BEFORE,
    ServiceRoles,
    credentials_document,
)

ECS_TASKS = "ecs-tasks.amazonaws.com"
_ROLE_ARN = re.compile(r"arn:aws:iam::[0-9]{12}:role/.+", re.DOTALL)


class ContainerCredentials:
    """The way to one container's credentials, as from inside that container."""

    def __init__(self, lab_url: str, task: Task, files: Path) -> None:
        self.role_arn, self.region = task.role_arn, task.region
        self.endpoint_url = f"{lab_url}{Containers.PREFIX}{task.task_id}"
        self.authorization_token = task.token
        self._lab_url, self._file = lab_url, files / task.task_id

    def environ(self) -> dict[str, str]:
        """The environment of a process in the container, for `subprocess.run(env=…)`.

        The token is there twice: Rust's object_store reads it from a file alone, as a pod has it.
        The file goes with the lab. Nobody asks for an instance around the container.
        """
        self._file.write_text(self.authorization_token)
        return child_environ(
            self._lab_url,
            self.region,
            AWS_CONTAINER_CREDENTIALS_FULL_URI=self.endpoint_url,
            AWS_CONTAINER_AUTHORIZATION_TOKEN=self.authorization_token,
            AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(self._file),
            AWS_EC2_METADATA_DISABLED="true",
        )

    def __repr__(self) -> str:
        return f"ContainerCredentials({self.role_arn} at {self.endpoint_url})"


@dataclass(slots=True)
class Task:
    """A container that runs with a role, and the credentials that it has at present."""

    task_id: str
    token: str
    role_arn: str
    region: str
    session: Session | None = None


class Containers:
    """Answers for every container, each under a path of its own."""

    PREFIX = "/.containers/v2/credentials/"

    def __init__(self, roles: ServiceRoles) -> None:
        self._roles = roles
        self._tasks: dict[str, Task] = {}
        self._files: TemporaryDirectory[str] | None = None

    def start(
        self, lab_url: str, role_arn: str, region: str, lab_now: datetime
    ) -> ContainerCredentials:
        """Raises ValueError for a role that does not exist or that ECS may not assume."""
        if not isinstance(role_arn, str) or not _ROLE_ARN.fullmatch(role_arn):
            raise ValueError(f"{role_arn!r} is no role ARN: write arn:aws:iam::ACCOUNT:role/NAME.")
        task = Task(secrets.token_hex(16), secrets.token_urlsafe(32), role_arn, region)
        task.session = self._assume(task, lab_now)
        if task.session is None:
            if iam.find_role(role_arn) is None:
                raise ValueError(f"There is no role {role_arn}; compare its path and account.")
            raise ValueError(
                f"ECS was unable to assume the role {role_arn}: its trust policy must allow "
                f'sts:AssumeRole to {{"Service": "{ECS_TASKS}"}}.'
            )
        self._tasks[task.task_id] = task
        self._files = self._files or TemporaryDirectory(prefix="sts-lab-containers-")
        return ContainerCredentials(lab_url, task, Path(self._files.name))

    def close(self) -> None:
        """Remove the files of all containers. Can be called twice."""
        if self._files is not None:
            self._files.cleanup()

    def answer(self, http: HttpRequest, lab_now: datetime) -> Answer:
        task = self._tasks.get(http.path[len(self.PREFIX) :])
        if task is None:
            return _refused(400, "InvalidIdInRequest", "There is no such container.")
        if http.method not in ("GET", "HEAD"):
            return _refused(405, "MethodNotAllowed", "Credentials are read with GET.")
        shown = http.headers.get("authorization", "")
        if not hmac.compare_digest(shown.encode(), task.token.encode()):
            text = "The Authorization header is missing or is not this container's token."
            return _refused(401, "Unauthorized", text)
        if task.session is None or lab_now >= task.session.expires - ROLLED_BEFORE:
            task.session = self._assume(task, lab_now)
        if task.session is None:
            text = f"ECS was unable to assume the role {task.role_arn}."
            return _refused(400, "NoCredentialsAssociated", text)
        return document({"RoleArn": task.role_arn, **credentials_document(task.session)})

    def _assume(self, task: Task, lab_now: datetime) -> Session | None:
        account = task.role_arn.split(":")[4]
        context = {
            "aws:SourceAccount": account,
            "aws:SourceArn": f"arn:aws:ecs:{task.region}:{account}:task/lab/{task.task_id}",
        }
        use = ServiceUse(ECS_TASKS, task.task_id, task.region, context, {})
        return self._roles.assume(use, task.role_arn, lab_now)


def _refused(status: int, code: str, message: str) -> Answer:
    return document({"code": code, "message": message, "HTTPErrorCode": status}, status)
