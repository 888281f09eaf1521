"""Events in CloudTrail's form, written from what was observed.

Source: CloudTrail User Guide, "CloudTrail record contents"; STS_FACTS 8.
"""

from __future__ import annotations

import uuid
from typing import Any

from labhelpers.sandbox.record.federated import account_of
from labhelpers.sandbox.record.identity import identity_elsewhere, user_identity
from labhelpers.sandbox.record.observe import Observation
from labhelpers.sandbox.record.parameters import (
    error_of,
    request_parameters,
    response_elements,
    s3_parameters,
)
from labhelpers.sandbox.wire.times import iso

VERSION = "1.11"
#: Their events go to one Region only.
_GLOBAL_SERVICES = ("iam",)
#: S3 operations that CloudTrail logs under another name.
S3_NAMES = {
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "ListObjectsV2": "ListObjects",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
#: S3 operations on a bucket that count as data events, like those on an object.
_S3_DATA = ("DeleteObjects", "ListObjects", "ListObjectVersions", "ListMultipartUploads")


def events_of(seen: Observation) -> list[dict[str, Any]]:
    """One event for each account that sees the request, the caller's first.

    The other account, whose role or bucket is concerned, sees what was allowed; sharedEventID
    joins the two. That a refusal reaches the caller's account only is not verified for S3.
    """
    accounts = recipients(seen)
    shared = _derived(seen, "shared") if len(accounts) > 1 or seen.invoked_by else ""
    events: list[dict[str, Any]] = []
    for account in accounts:
        event = _event(seen, account, shared)
        if events:
            event["userIdentity"] = identity_elsewhere(seen)
            event["eventID"] = _derived(seen, account)
        events.append(event)
    return events


def recipients(seen: Observation) -> list[str]:
    """The accounts whose trails show the request."""
    owner = seen.owner or account_of(seen.params.get("RoleArn"))
    account = seen.caller.principal.account if seen.caller is not None else ""
    if not account:  # a service, a token's bearer, or nobody in particular
        return [owner] if owner else []
    crosses = seen.operation == "AssumeRole" or seen.service == "s3"
    if crosses and owner not in ("", account) and not seen.failed:
        return [account, owner]
    return [account]


def is_management(seen: Observation) -> bool:
    """Object-level requests are data events, which a trail logs only when asked to, and Event
    history never does."""
    if seen.service != "s3":
        return True
    has_key = "/" in seen.uri[0].lstrip("/").rstrip("/")
    return not has_key and event_name(seen) not in _S3_DATA


def event_name(seen: Observation) -> str:
    return S3_NAMES.get(seen.operation, seen.operation) if seen.service == "s3" else seen.operation


def region_of(seen: Observation) -> str:
    return "us-east-1" if seen.service in _GLOBAL_SERVICES else seen.region


def _event(seen: Observation, account: str, shared: str) -> dict[str, Any]:
    management = is_management(seen)
    event: dict[str, Any] = {
        "eventVersion": VERSION,
        "userIdentity": user_identity(seen),
        "eventTime": iso(seen.time),
        "eventSource": f"{seen.service}.amazonaws.com",
        "eventName": event_name(seen),
        "awsRegion": region_of(seen),
        "sourceIPAddress": seen.source_ip,
        "userAgent": seen.user_agent,
        **error_of(seen),
        "requestParameters": request_parameters(seen),
        "responseElements": response_elements(seen),
    }
    more = _additional_data(seen)
    if more:
        event["additionalEventData"] = more
    event |= {"requestID": seen.request_id, "eventID": seen.event_id, "readOnly": seen.read_only}
    resources = _resources(seen)
    if resources:
        event["resources"] = resources
    event |= {
        "eventType": "AwsApiCall",
        "managementEvent": management,
        "recipientAccountId": account,
        **({"sharedEventID": shared} if shared else {}),
        "eventCategory": "Management" if management else "Data",
    }
    if not seen.invoked_by:
        # The loopback endpoint stands for AWS's HTTPS endpoints; the Host header is the real one.
        event["tlsDetails"] = {"tlsVersion": "TLSv1.3", "clientProvidedHostHeader": seen.host}
    return event


def _additional_data(seen: Observation) -> dict[str, Any]:
    if seen.federated is not None:
        place = "global" if seen.host == "sts.amazonaws.com" else "regional"
        details = {"awsServingRegion": seen.region, "endpointType": place}
        return {"RequestDetails": details, **seen.federated["additionalEventData"]}
    if seen.service == "s3" and seen.caller is not None and seen.caller.access_key_id:
        method = "QueryString" if seen.presigned else "AuthHeader"
        return {"SignatureVersion": "SigV4", "AuthenticationMethod": method}
    return {}


def _resources(seen: Observation) -> list[dict[str, Any]]:
    """STS and S3 name what was touched; IAM and EC2 leave that to requestParameters."""
    if seen.service == "sts":
        role, provider = seen.params.get("RoleArn"), seen.params.get("PrincipalArn")
        named = [("AWS::IAM::Role", role), ("AWS::IAM::SAMLProvider", provider)]
        return [
            {"accountId": account_of(arn), "type": kind, "ARN": arn}
            for kind, arn in named
            if account_of(arn)
        ]
    if seen.service != "s3":
        return []
    bucket = s3_parameters(seen).get("bucketName")
    if not bucket:
        return []
    found = []
    arn, key = f"arn:aws:s3:::{bucket}", s3_parameters(seen).get("key")
    if key:
        found.append({"type": "AWS::S3::Object", "ARN": f"{arn}/{key}"})
    found.append({"accountId": seen.owner, "type": "AWS::S3::Bucket", "ARN": arn})
    return found


def _derived(seen: Observation, what: str) -> str:
    """An id that stays the same however often the event is written."""
    return str(uuid.uuid5(uuid.UUID(seen.event_id), what))
