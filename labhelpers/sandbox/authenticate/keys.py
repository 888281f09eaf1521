"""Step 1: which key signed this request, and whose key is it?

Trusts nothing but the secrets that this sandbox issued itself. The order of the checks is the
one measured on STS (STS_FACTS 2.6): scope, then the key and its token, then expiry, then whether
the role still exists, then the signature. Not modelled: SigV4a.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType

from labhelpers.policy import Principal
from labhelpers.sandbox.authenticate import chunks, claims, digests, sigv2, sigv4
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.state import buckets, iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal, credential_refusal, signature_refusal
from labhelpers.sandbox.wire.families import EC2, QUERY, S3, Family
from labhelpers.sandbox.wire.http import HttpRequest

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_STS_HOST = re.compile(r"sts(?:-fips)?(?:\.([a-z0-9-]+))?\.(?:amazonaws\.com|api\.aws)")
_MAX_SKEW = timedelta(minutes=15)
_ONE_OF = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query "
    "string parameter or the Authorization header should be specified"
)
UNSIGNED_OPERATIONS = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")


def authenticate(
    http: HttpRequest, family: Family, registry: Registry, lab_now: datetime
) -> Caller:
    """The caller, or a Refusal in the service's own words."""
    signed = _claims(http, family)
    if signed is None:
        if family is S3:
            _read_body(http, None, "")
        return _unsigned_caller(http, family, registry.region)
    _check_scope(http, signed, family)
    if signed.access_key_id.startswith("ASIA"):
        caller, secret = _session_caller(signed, family, registry, lab_now)
    elif signed.access_key_id in registry.root_keys:
        caller, secret = _root_caller(signed, family, registry)
    else:
        caller, secret = _user_caller(signed, family)
    _check_dates(signed, family)
    address: str | None = ""
    verifier = sigv4 if signed.version == 4 else sigv2
    if not verifier.signature_matches(http, signed, secret):
        address, secret = _address(verifier, http, signed, registry)
    if address is None:
        why = "The secret access key is another one, or the request was changed after signing."
        shown = verifier.what_was_signed(http, signed)
        raise credential_refusal(family, "bad_signature", why, shown)
    if family is S3:
        if signed.expires_in is not None:
            http.headers |= claims.hoisted(http) | http.headers
        _read_body(http, signed, secret)
    # A presigned link is used from wherever it is opened, not from where it was signed.
    return replace(caller, source_ip=address) if address and signed.expires_in is None else caller


def _address(
    verifier: ModuleType, http: HttpRequest, signed: claims.Signed, registry: Registry
) -> tuple[str | None, str]:
    """The address that the key's secret stands for, with the secret; None where none was used."""
    for address, secret in registry.addresses.get(signed.access_key_id, {}).items():
        if verifier.signature_matches(http, signed, secret):
            return address, secret
    return None, ""


def _claims(http: HttpRequest, family: Family) -> claims.Signed | None:
    if family is not S3 or not sigv2.is_used(http):
        return claims.read_signature(http, family)
    if claims.is_presigned(http) or (sigv2.is_link(http) and "authorization" in http.headers):
        details = {"ArgumentName": "Authorization"}
        raise Refusal("InvalidArgument", _ONE_OF, 400, blocked_by="authentication", details=details)
    return sigv2.read_signature(http)


def _unsigned_caller(http: HttpRequest, family: Family, region: str) -> Caller:
    """S3 takes requests of nobody in particular, STS those that bring a token or an assertion."""
    anonymous = Principal(kind="anonymous", arn="", account="")
    if family is S3:
        return Caller(anonymous, "anonymous", "", "us-east-1", "s3")
    if family is QUERY and http.form.get("Action") in UNSIGNED_OPERATIONS:
        named = _STS_HOST.fullmatch(http.headers.get("host", ""))
        called = (named[1] or "us-east-1") if named else region  # the global endpoint's
        return Caller(anonymous, "", "", called, "sts")
    raise credential_refusal(family, "unsigned")


def _check_scope(http: HttpRequest, signed: claims.Signed, family: Family) -> None:
    if not _REGION.fullmatch(signed.region):
        message = "Credential should be scoped to a valid region. "
        if family is S3:
            expected = buckets.bucket_region(http.path[1:].partition("/")[0]) or "us-east-1"
            raise claims.wrong_region(signed.region, expected, signed.expires_in is not None)
        raise signature_refusal(family, message)


def _session_caller(
    signed: claims.Signed, family: Family, registry: Registry, lab_now: datetime
) -> tuple[Caller, str]:
    sessions = registry.sessions
    session, end = sessions.get(signed.access_key_id), sessions.end_of(signed.access_key_id)
    if session is None and end is not None and signed.token is not None:
        why = f"The session ended at {end:%F %T} of the lab clock."
        raise credential_refusal(family, "expired", why, _token(signed))
    if session is None:
        raise _unknown(signed, family)
    if signed.token is None:
        why = "A key that begins with ASIA is temporary: it works only with its session token."
        raise credential_refusal(family, "invalid_key", why)
    if signed.token != session.session_token:
        why = "The session token is not the one of this key."
        if sessions.is_other_token(signed.token, session):
            raise credential_refusal(family, "invalid_key", why)
        raise credential_refusal(family, "invalid_token", why, _token(signed))
    if lab_now >= session.expires:
        why = f"The session ended at {session.expires:%H:%M:%S}; the lab clock says {lab_now:%F %T}"
        raise credential_refusal(family, "expired", f"{why} UTC.", _token(signed))
    if not iam.still_exists(session.principal, session.user_name):
        gone = session.role_arn or f"user {session.user_name}"
        why = f"The {'role ' if session.role_arn else ''}{gone} is deleted; so are its sessions."
        raise credential_refusal(family, "invalid_key", why)
    caller = Caller(
        principal=session.principal,
        user_id=session.user_id,
        access_key_id=session.access_key_id,
        region=signed.region,
        service=signed.service,
        session=session,
        user_name=session.user_name,
    )
    return caller, session.secret_access_key


def _token(signed: claims.Signed) -> dict[str, str]:
    return {"Token-0": signed.token or ""}


def _unknown(signed: claims.Signed, family: Family) -> Refusal:
    key_id = signed.access_key_id[:128]
    why = f"This lab never issued the access key {key_id}, or it is deleted."
    return credential_refusal(family, "invalid_key", why, {"AWSAccessKeyId": key_id})


def _root_caller(signed: claims.Signed, family: Family, registry: Registry) -> tuple[Caller, str]:
    account_id, secret = registry.root_keys[signed.access_key_id]
    if signed.token is not None:
        why = "A root user's key is long-term: it has no session token."
        raise credential_refusal(family, "invalid_token", why, _token(signed))
    root = Principal(kind="root", arn=f"arn:aws:iam::{account_id}:root", account=account_id)
    key_id = signed.access_key_id
    return Caller(root, account_id, key_id, signed.region, signed.service), secret


def _user_caller(signed: claims.Signed, family: Family) -> tuple[Caller, str]:
    found = iam.find_access_key(signed.access_key_id)
    if found is None:
        raise _unknown(signed, family)
    account_id, key = found
    user = iam.find_user(account_id, key.user_name or "")
    if user is None or key.status != "Active":
        why = f"The access key is {key.status.lower() if user else 'without a user'}."
        raise credential_refusal(family, "invalid_key", why)
    if signed.token is not None:
        why = "A key that begins with AKIA is long-term: it has no session token."
        raise credential_refusal(family, "invalid_token", why, _token(signed))
    principal = Principal(kind="user", arn=user.arn, account=account_id, unique_id=user.id)
    caller = Caller(
        principal=principal,
        user_id=user.id,
        access_key_id=key.access_key_id,
        region=signed.region,
        service=signed.service,
        user_name=user.name,
    )
    return caller, key.secret_access_key


def _check_dates(signed: claims.Signed, family: Family) -> None:
    """Signature dates follow real time, whatever the lab clock says."""
    if not signed.timestamp.startswith(signed.date):
        raise signature_refusal(
            family,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
            f"from HTTP: '{signed.date[:40]}' != '{signed.timestamp[:8]}', from "
            f"'{signed.timestamp}'.",
        )
    now = datetime.now(UTC)
    if signed.expires_in is not None:
        end = signed.signed_at + timedelta(seconds=signed.expires_in)
        if now > end:
            shown = {"X-Amz-Expires": str(signed.expires_in)} if signed.version == 4 else {}
            shown |= {"Expires": f"{end:%FT%TZ}", "ServerTime": f"{now:%FT%TZ}"}
            text = "Request has expired"
            raise Refusal("AccessDenied", text, blocked_by="authentication", details=shown)
        if signed.version == 4 and signed.signed_at - now > _MAX_SKEW:
            if family is not S3:
                raise _skewed(signed, family, now)
            # S3's words by servers that copy it; not verified on AWS.
            text = "Request is not valid yet"
            raise Refusal("AccessDenied", text, blocked_by="authentication")
        return
    if abs(now - signed.signed_at) > _MAX_SKEW:
        raise _skewed(signed, family, now)


def _skewed(signed: claims.Signed, family: Family, now: datetime) -> Refusal:
    if family is S3:
        text = "The difference between the request time and the current time is too large."
        return Refusal("RequestTimeTooSkewed", text, blocked_by="authentication")
    if family is EC2:
        return credential_refusal(family, "expired")
    late = signed.signed_at < now
    edge = now - _MAX_SKEW if late else now + _MAX_SKEW
    text = (
        f"Signature {'expired' if late else 'not yet current'}: {signed.timestamp} is "
        f"{'now earlier' if late else 'still later'} than {edge:%Y%m%dT%H%M%SZ} "
        f"({now:%Y%m%dT%H%M%SZ} {'-' if late else '+'} 15 min.)"
    )
    return signature_refusal(family, text)


def _read_body(http: HttpRequest, signed: claims.Signed | None, secret: str) -> None:
    """Bring the body of a request to S3 into one piece, which has to be the one that is stated."""
    chunks.unchunk(http, signed, secret)
    if signed is not None and not sigv4.body_matches(http, signed):
        raise Refusal(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            400,
            blocked_by="authentication",
        )
    digests.refuse_other_body(http)
