"""What moto knows of IAM: the users, roles and policies that a decision is made from.

Only state/ and answer/ touch moto's records; interpret/ uses its routing and names, server.py
resets it. Everything here reads; nothing is cached but the compiled policies
(labhelpers.policy.writing.parse), so a changed policy counts at the next request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from labhelpers.policy import Policy, Principal, parse
from labhelpers.sandbox.state.service_locks import touch
from labhelpers.sandbox.wire.errors import not_modelled

if TYPE_CHECKING:  # moto is loaded at first use: it takes longer than all of the sandbox
    from moto.core.base_backend import BackendDict
    from moto.iam.models import (
        AccessKey,
        Group,
        IAMBackend,
        InstanceProfile,
        ManagedPolicy,
        Role,
        User,
        VirtualMfaDevice,
    )


@lru_cache(maxsize=1)  # a request looks a dozen times, and an import has its price
def _backends() -> BackendDict[IAMBackend]:
    from moto.iam.models import iam_backends

    return iam_backends


def iam_backend(account_id: str) -> IAMBackend:
    """moto's IAM state of an account; any 12-digit id is one."""
    return _backends()[account_id]["aws"]


def backend_of(account_id: str) -> IAMBackend | None:
    """moto's IAM state of an account that has some, else None: whoever asks about accounts that
    nobody uses must not fill the memory with AWS's managed policies."""
    return iam_backend(account_id) if account_id in dict.keys(_backends()) else None


def find_access_key(access_key_id: str) -> tuple[str, AccessKey] | None:
    """(account id, moto AccessKey) of a long-term key, or None."""
    for account_id, backends in list(_backends().items()):
        key = backends["aws"].access_keys.get(access_key_id)
        if key is not None:
            return account_id, key
    return None


def find_user(account_id: str, name: str) -> User | None:
    backend = backend_of(account_id)
    return None if backend is None else backend.users.get(name)


def find_role(role_arn: str) -> Role | None:
    """The moto Role with exactly this ARN, path included, or None."""
    account_id = role_arn.split(":")[4]
    name = role_arn.rsplit("/", 1)[-1]
    backend = backend_of(account_id)
    for role in list(backend.roles.values()) if backend is not None else ():
        if role.name == name and role.arn == role_arn:
            return role
    return None


def still_exists(principal: Principal, user_name: str) -> bool:
    """Whether the role or user behind a session is there: itself, not a namesake."""
    backend = iam_backend(principal.account)
    if principal.kind == "role-session":
        return principal.unique_id in backend.roles
    if not user_name:  # root, and federated users of root
        return True
    user = backend.users.get(user_name)
    return user is not None and user.id == principal.unique_id


def user_policies(account_id: str, name: str) -> list[Policy]:
    """Identity-based policies of a user: its own and those of its groups."""
    user = iam_backend(account_id).users[name]
    policies = _policies_of(user, f"user {name}")
    for group in groups_of(account_id, user):
        policies += _policies_of(group, f"group {group.name}")
    return policies


def groups_of(account_id: str, user: User) -> list[Group]:
    groups = iam_backend(account_id).groups.values()
    return [group for group in groups if any(member is user for member in group.users)]


def role_policies(account_id: str, role_id: str) -> list[Policy]:
    role = iam_backend(account_id).roles[role_id]
    return _policies_of(role, f"role {role.name}")


def role_boundaries(account_id: str, role_id: str) -> list[Policy]:
    return _boundaries(account_id, iam_backend(account_id).roles[role_id].permissions_boundary_arn)


def user_boundaries(account_id: str, name: str) -> list[Policy]:
    return _boundaries(account_id, user_boundary_arn(iam_backend(account_id).users[name]))


def user_boundary_arn(user: User) -> str | None:
    """moto has no boundaries of users: answer/iam_extras.py leaves them there in GetUser's form."""
    return getattr(user, "permissions_boundary", {}).get("PermissionsBoundaryArn")


def boundary_of(arn: str | None, kinds: list[str]) -> str | None:
    """The boundary that a role or user has already, None for anything else."""
    if not arn or not kinds or kinds[0] not in ("role", "user"):
        return None
    if kinds[0] == "role":
        role = find_role(arn)
        return None if role is None else role.permissions_boundary_arn
    user = _user_with(arn)
    return None if user is None else user_boundary_arn(user)


def _boundaries(account_id: str, arn: str | None) -> list[Policy]:
    """A permissions boundary as a list of at most one policy.

    Raises Refusal (not modelled) where the boundary names a policy that does not exist.
    """
    if not arn:
        return []
    text = managed_policy(arn, account_id)
    if text is None:
        raise not_modelled(f"a permissions boundary whose policy {arn} does not exist")
    return [parse(text, kind="boundary", name=arn, arn=arn)]


def managed_policy(arn: str, account_id: str) -> str | None:
    """The default version of a managed policy of the account or of AWS, None without it."""
    managed = iam_backend(account_id).managed_policies.get(arn)
    return None if managed is None else default_document(managed)


def uses(arn: str, account_id: str) -> tuple[int, int]:
    """(To how many identities a managed policy is attached, how many versions it has); zeros
    without it."""
    managed = iam_backend(account_id).managed_policies.get(arn)
    return (0, 0) if managed is None else (managed.attachment_count, len(managed.versions))


def bounded_by(arn: str, account_id: str) -> list[Role | User]:
    """The roles and users of the account whose permissions boundary a managed policy is."""
    backend = iam_backend(account_id)
    roles = [role for role in backend.roles.values() if role.permissions_boundary_arn == arn]
    users = [user for user in backend.users.values() if user_boundary_arn(user) == arn]
    return [*roles, *users]


def role_tags(role_arn: str) -> dict[str, str]:
    role = find_role(role_arn)
    return tags_of(role) if role is not None else {}


def entity_tags(arn: str) -> dict[str, str]:
    """The tags of the role or user with this ARN, none where there is nobody."""
    found = find_principal(arn)
    return {} if found is None else tags_of(found)


def find_principal(arn: str) -> Role | User | None:
    """The moto Role or User with exactly this ARN, or None."""
    kind = arn.split(":", 5)[5].partition("/")[0]
    return find_role(arn) if kind == "role" else _user_with(arn)


def _user_with(arn: str) -> User | None:
    user = find_user(arn.split(":")[4], arn.rsplit("/", 1)[-1])
    return user if user is not None and user.arn == arn else None


def has_principal_id(unique_id: str) -> bool:
    """Whether some user or role of any account has this unique id."""
    touch("iam")
    for backends in list(_backends().values()):
        if unique_id in backends["aws"].roles:
            return True
        if any(user.id == unique_id for user in backends["aws"].users.values()):
            return True
    return False


def has_provider(arn: str) -> bool:
    """Whether an OIDC or SAML provider with this ARN is registered in its account."""
    backend = backend_of(arn.split(":")[4])
    if backend is None:
        return False
    if any(provider.arn == arn for provider in backend.open_id_providers.values()):
        return True
    return any(provider.arn == arn for provider in backend.saml_providers.values())


def saml_provider(arn: str) -> Any:
    """moto's SAMLProvider with this ARN, None without."""
    found = iam_backend(arn.split(":")[4]).saml_providers.values()
    return next((provider for provider in found if provider.arn == arn), None)


def documents_with_principals() -> Iterator[tuple[Any, str, str]]:
    """(object, attribute, text) of every trust policy and bucket policy of every account.

    S3's lock is left alone: a user's deletion does not wait for somebody's large object.
    """
    from moto.s3.models import s3_backends

    for backends in list(_backends().values()):
        for role in list(backends["aws"].roles.values()):
            yield role, "assume_role_policy_document", role.assume_role_policy_document
    for stores in list(s3_backends.values()):
        for bucket in list(stores["aws"].buckets.values()):
            if bucket.policy:
                text = bucket.policy
                yield bucket, "policy", text.decode() if isinstance(text, bytes) else text


def principal_tags(principal: Principal, user_name: str) -> dict[str, str]:
    """The tags of the role or user itself, without those of the session."""
    backend = iam_backend(principal.account)
    if principal.kind == "role-session":
        return tags_of(backend.roles[principal.unique_id])
    return tags_of(backend.users[user_name]) if user_name else {}


def tags_of(entity: Role | User) -> dict[str, str]:
    """Tags by key: moto keeps a role's tags by key and gives a user's as a list."""
    tags = entity.tags or []
    listed = tags.values() if isinstance(tags, dict) else tags
    return {tag["Key"]: tag["Value"] for tag in listed}


def instance_profile(account_id: str, name: str) -> InstanceProfile | None:
    """moto's InstanceProfile, None without."""
    found = iam_backend(account_id).instance_profiles.values()
    return next((profile for profile in found if profile.name == name), None)


def virtual_device(account_id: str, serial: str) -> VirtualMfaDevice | None:
    return iam_backend(account_id).virtual_mfa_devices.get(serial)


def virtual_device_seed(account_id: str, serial: str) -> str | None:
    device = virtual_device(account_id, serial)
    return device.base32_string_seed if device is not None else None


def mfa_seed(account_id: str, user_name: str, serial: str) -> str | None:
    """The secret of a virtual device that is enabled for this user, None otherwise."""
    user = find_user(account_id, user_name)
    if user is None or serial not in user.mfa_devices:
        return None
    return virtual_device_seed(account_id, serial)


def trust_policy(role: Role) -> Policy:
    return parse(role.assume_role_policy_document, kind="trust", name=f"trust policy of {role.arn}")


def _policies_of(holder: Role | User | Group, label: str) -> list[Policy]:
    inline = [
        parse(document, kind="identity", name=f"inline policy {name} of {label}")
        for name, document in holder.policies.items()
    ]
    managed = [
        parse(default_document(policy), "identity", f"managed policy {arn} of {label}", arn)
        for arn, policy in holder.managed_policies.items()
    ]
    return inline + managed


def default_document(managed: ManagedPolicy) -> str:
    """The text of the version of a managed policy that counts."""
    return next(v.document for v in managed.versions if v.version_id == managed.default_version_id)


def find_entity(account_id: str, kind: str, name: str) -> Any:
    """A user, group, role or instance profile by name, None where there is none."""
    backend = iam_backend(account_id)
    if kind == "role":
        return next((role for role in backend.roles.values() if role.name == name), None)
    if kind == "instance-profile":
        return next((p for p in backend.instance_profiles.values() if p.name == name), None)
    named: dict[str, Mapping[str, Any]] = {"user": backend.users, "group": backend.groups}
    return named.get(kind, {}).get(name)


def has_namesake(account_id: str, kind: str, name: str) -> bool:
    """Whether a user, role or group has this name, in whatever case."""
    backend = iam_backend(account_id)
    named: dict[str, Mapping[str, Any]] = {"user": backend.users, "group": backend.groups}
    named["role"] = backend.roles
    return any(entity.name.lower() == name.lower() for entity in named[kind].values())
