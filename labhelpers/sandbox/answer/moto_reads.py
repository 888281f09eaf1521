"""The reads that lessons make most, answered by moto's own methods without its web server.

Flask, moto's routing and its serializer took four fifths of the time of such a call. The method
that answers is moto's in either case. Whatever is out of the ordinary (a refusal, a range, a
condition, a logged bucket) takes the long way, so that it is answered as ever.
"""

from __future__ import annotations

import re
from typing import Any

from labhelpers.sandbox.answer.moto_xml import result_xml
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.models import service_model
from labhelpers.sandbox.wire.http import Answer, HttpRequest

#: IAM's reads, by moto's method. Their parameters are texts, all of them required or names.
IAM_READS = {
    "GetGroup": "get_group",
    "GetGroupPolicy": "get_group_policy",
    "GetInstanceProfile": "get_instance_profile",
    "GetPolicy": "get_policy",
    "GetPolicyVersion": "get_policy_version",
    "GetRole": "get_role",
    "GetRolePolicy": "get_role_policy",
    "GetUser": "get_user",
    "GetUserPolicy": "get_user_policy",
    "ListAccessKeys": "list_access_keys",
    "ListAttachedGroupPolicies": "list_attached_group_policies",
    "ListAttachedRolePolicies": "list_attached_role_policies",
    "ListAttachedUserPolicies": "list_attached_user_policies",
    "ListGroupPolicies": "list_group_policies",
    "ListGroups": "list_groups",
    "ListGroupsForUser": "list_groups_for_user",
    "ListInstanceProfilesForRole": "list_instance_profiles_for_role",
    "ListPolicyVersions": "list_policy_versions",
    "ListRolePolicies": "list_role_policies",
    "ListRoleTags": "list_role_tags",
    "ListRoles": "list_roles",
    "ListUserPolicies": "list_user_policies",
    "ListUserTags": "list_user_tags",
    "ListUsers": "list_users",
}
#: Headers that change nothing of an object's answer.
_PLAIN_HEADERS = re.compile(
    r"accept(-encoding)?|amz-sdk-.*|authorization|connection|content-(length|type)|host|"
    r"user-agent|x-amz-(content-sha256|date|security-token|user-agent)"
)
_PLAIN_PATH = re.compile(r"/([a-z0-9][a-z0-9.-]+)/([\w.~-]+(?:/[\w.~-]+)*)", re.ASCII)
_PLAIN_QUERIES = ("", "x-id=GetObject")
_REGION = re.compile(r"[a-z]{2}-[a-z]+-\d")  # as moto finds it in a request


def read(http: HttpRequest, call: Call, caller: Caller, request_id: str) -> Answer | None:
    """moto's answer to one of these reads, None where moto has to be asked the long way."""
    if not _REGION.fullmatch(caller.region) or len(caller.access_key_id) != 20:
        return None
    if call.service == "iam" and call.operation in IAM_READS:
        return _of_iam(call, caller, request_id)
    if call.service == "s3" and call.operation in ("GetObject", "HeadObject"):
        return _of_an_object(http, call, caller, request_id)
    return None


def _of_iam(call: Call, caller: Caller, request_id: str) -> Answer | None:
    from moto.core.exceptions import ServiceException
    from moto.core.responses import ActionResult
    from moto.iam.responses import IamResponse

    params = {k: v for k, v in call.params.items() if k not in ("Action", "Version")}
    shape = service_model("iam").operation_model(call.operation).input_shape
    members = shape.members if shape is not None else {}
    if any(
        not v or getattr(members.get(k), "type_name", "") != "string" for k, v in params.items()
    ):
        return None
    response = IamResponse()
    _prepare(response, call, caller)
    response.params = params
    _visited(call, caller)
    try:
        result = getattr(response, IAM_READS[call.operation])()
    except ServiceException:
        return None
    if type(result) is not ActionResult:
        return None
    body = result_xml(response, call.operation, result.result, request_id)
    return None if body is None else _iam_answer(request_id, body)


def _iam_answer(request_id: str, body: bytes) -> Answer:
    return 200, [("Content-Type", "text/xml"), ("x-amzn-requestid", request_id)], body


def _of_an_object(http: HttpRequest, call: Call, caller: Caller, request_id: str) -> Answer | None:
    from moto.s3.exceptions import S3ClientError
    from moto.s3.models import ARCHIVE_STORAGE_CLASSES, s3_backends
    from moto.s3.responses import APP_XML, S3Response

    plain = _PLAIN_PATH.fullmatch(http.raw_path)
    if plain is None or http.query_string not in _PLAIN_QUERIES or http.body:
        return None
    if "authorization" not in http.headers:
        return None
    headers = {"x-amz-checksum-mode": http.headers.get("x-amz-checksum-mode", "")}
    if any(name not in headers and not _PLAIN_HEADERS.fullmatch(name) for name in http.headers):
        return None
    bucket, key = plain.groups()
    response = S3Response()
    _prepare(response, call, caller)
    found = s3_backends[call.account_id][response.partition].buckets.get(bucket)
    item = found.keys.get(key) if found is not None and not found.logging else None
    if item is None or getattr(item, "storage_class", "GLACIER") in ARCHIVE_STORAGE_CLASSES:
        return None
    response.headers, response.querystring = headers, {}
    response.bucket_name = bucket
    response.parse_key_name = lambda: key  # type: ignore[method-assign]
    _visited(call, caller)
    try:
        if call.operation == "GetObject":
            status, told, body = response.get_object()
        else:
            response.data = {}
            status, told, body = response.head_object(bucket, {}, key, headers)
    except S3ClientError:
        return None
    if status != 200:
        return None
    content = body.encode() if isinstance(body, str) else body
    if "content-type" not in {name.lower() for name in told}:
        told["content-type"] = APP_XML if content else "text/html; charset=utf-8"
    told["x-amzn-requestid"] = request_id
    return status, [(name, str(value)) for name, value in told.items()], content


def _prepare(response: Any, call: Call, caller: Caller) -> None:
    """What moto's methods look at of a request, as moto works it out from one."""
    from moto.utilities.utils import get_partition

    response.region, response.partition = caller.region, get_partition(caller.region)
    response.current_account, response.access_key = call.account_id, caller.access_key_id
    response.uri_match, response.body = {}, None
    response.headers = {"Authorization": f"AWS4 Credential={caller.access_key_id}/"}


def _visited(call: Call, caller: Caller) -> None:
    """moto notes each use of a key."""
    from moto.iam.models import mark_account_as_visited

    mark_account_as_visited(call.account_id, caller.access_key_id, call.service, caller.region)
