"""The instance metadata service of EC2, IMDSv2 and, where an instance allows it, IMDSv1.

Sources: EC2 User Guide, "Use the Instance Metadata Service"; STS_FACTS 7.1. Not verified on AWS:
405 for other methods, 403 for a token request with X-Forwarded-For. Not modelled: hop limits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime

from labhelpers.sandbox.state import instances
from labhelpers.sandbox.wire.http import Answer, HttpRequest
from labhelpers.sandbox.workloads.delivery import Deliveries, Delivery
from labhelpers.sandbox.workloads.instance_items import identity_document, metadata_tree, read
from labhelpers.sandbox.workloads.plain import child_environ, document, page, text
from labhelpers.sandbox.workloads.service_roles import ServiceRoles

MAX_TTL = 21_600  # seconds
TOKEN_HEADER = "x-aws-ec2-metadata-token"
TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
_CREDENTIALS = "meta-data/iam/security-credentials"


class InstanceMetadata:
    """The way to one instance's metadata service, as from inside that instance.

    On AWS it is http://169.254.169.254 for every instance; here `endpoint_url`, a port that is
    this instance's alone, stands for it: SDKs for JavaScript and Go drop a path from it.
    """

    def __init__(self, lab_url: str, endpoint_url: str, instance_id: str, region: str) -> None:
        self.instance_id, self.region = instance_id, region
        self.endpoint_url, self._lab_url = endpoint_url, lab_url

    def environ(self) -> dict[str, str]:
        """The environment of a process that runs on the instance, for `subprocess.run(env=…)`."""
        return child_environ(
            self._lab_url,
            self.region,
            AWS_EC2_METADATA_SERVICE_ENDPOINT=self.endpoint_url + "/",  # AWS CLIs of 2023 add none
            AWS_METADATA_ENDPOINT=self.endpoint_url,  # what Rust's object_store reads
        )

    def __repr__(self) -> str:
        return f"InstanceMetadata({self.instance_id} at {self.endpoint_url})"


class Instances:
    """Answers for every instance, each under a path that its port alone leads to: from outside of
    an instance nobody asks for its keys."""

    def __init__(self, roles: ServiceRoles) -> None:
        self.PREFIX = f"/.imds/{secrets.token_hex(16)}/"
        self._deliveries = Deliveries(roles)
        self._secret = secrets.token_bytes(32)

    def region_of(self, instance_id: str) -> str:
        """Raises ValueError for what is no running instance of the lab."""
        instance = instances.find_instance(instance_id) if isinstance(instance_id, str) else None
        if instance is None:
            raise ValueError(
                f"There is no instance {instance_id!r} in this lab: give the InstanceId that "
                "run_instances answered."
            )
        if instance.state_code != 16:
            raise ValueError(f"The instance {instance_id} is {instance.state}, not running.")
        region: str = instance.ec2_backend.region_name
        return region

    def answer(self, http: HttpRequest, lab_now: datetime) -> Answer:
        instance_id, _, path = http.path[len(self.PREFIX) :].partition("/")
        instance = instances.find_instance(instance_id)
        if instance is None or instance.state_code != 16:
            self._deliveries.forget(instance_id)
            return page(404)
        options = instance.metadata_options
        if options.http_endpoint == "disabled":
            return page(403)
        if path == "latest/api/token":
            return self._token_answer(http, instance_id, lab_now)
        if http.method not in ("GET", "HEAD"):
            return page(405)
        token = http.headers.get(TOKEN_HEADER)
        if token is None and options.http_tokens == "required":
            return page(401)
        if token is not None and not self._is_valid(token, instance_id, lab_now):
            return page(401)
        return self._item(instance, path, "1.0" if token is None else "2.0", lab_now)

    def _token_answer(self, http: HttpRequest, instance_id: str, lab_now: datetime) -> Answer:
        if http.method != "PUT":
            return page(405)
        if "x-forwarded-for" in http.headers:  # a proxy that forwards anything to anybody
            return page(403)
        ttl = http.headers.get(TTL_HEADER, "")
        if not re.fullmatch(r"[0-9]{1,5}", ttl) or not 1 <= int(ttl) <= MAX_TTL:
            return page(400)
        until = int(lab_now.timestamp() * 1000) + int(ttl) * 1000
        status, headers, body = text(self._token(instance_id, until))
        return status, [*headers, ("X-aws-ec2-metadata-token-ttl-seconds", ttl)], body

    def _token(self, instance_id: str, until: int) -> str:
        """Good for one instance until a moment (ms on the lab clock); nothing to remember."""
        stamp = until.to_bytes(8, "big")
        proof = hmac.digest(self._secret, stamp + instance_id.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(stamp + proof).decode()

    def _is_valid(self, token: str, instance_id: str, lab_now: datetime) -> bool:
        try:
            until = int.from_bytes(base64.urlsafe_b64decode(token.encode("ascii"))[:8], "big")
        except ValueError:
            return False
        genuine = hmac.compare_digest(token, self._token(instance_id, until))
        return genuine and lab_now.timestamp() * 1000 < until

    def _item(
        self, instance: instances.Instance, path: str, version: str, lab_now: datetime
    ) -> Answer:
        top, _, rest = path.partition("/")
        if top != "latest":
            return page(404)
        if rest == "user-data" and instance.user_data:
            data = _user_data(instance.user_data)
            return 200, [("Content-Type", "application/octet-stream")], data
        if rest.removesuffix("/") == "dynamic/instance-identity/document":
            return text(identity_document(instance))
        delivery = self._deliveries.current(instance, version, lab_now)
        if delivery is not None and rest.startswith("meta-data/iam/"):
            return _iam_item(delivery, rest)
        tree = metadata_tree(instance, instances.visible_instance_tags(instance))
        if delivery is not None:
            tree["iam"] = {"info": "", "security-credentials": {}}
        found = read({"meta-data": tree, "dynamic": {"instance-identity": {"document": ""}}}, rest)
        return text(found) if found is not None else page(404)


def _iam_item(delivery: Delivery, path: str) -> Answer:
    path, name = path.removesuffix("/"), delivery.role_name
    if path == "meta-data/iam/info":
        return document(delivery.info())
    if name and path == _CREDENTIALS:
        return text(name)
    if name and path == f"{_CREDENTIALS}/{name}":
        return document(delivery.credentials())
    return text("info\nsecurity-credentials/") if path == "meta-data/iam" else page(404)


def _user_data(data: object) -> bytes:
    encoded = data.as_bytes() if hasattr(data, "as_bytes") else str(data).encode()
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        return encoded
