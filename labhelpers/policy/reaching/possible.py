"""One call that somebody could try, and what is known of what it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from labhelpers.policy.language.statement import Policy
from labhelpers.policy.reaching.facts import Fact, Facts
from labhelpers.policy.reaching.state import ADMINISTRATOR, EVERYTHING, Form, Identity

#: In a call's context: the tags of its resource are for the sender to choose.
FREE_TAGS = "*free*"
Pairs = tuple[tuple[str, str], ...]
#: Whether an action could be allowed on anything.
Hope = Callable[..., bool]


@dataclass(frozen=True)
class Possible:
    """A call that somebody could try, and the facts that are true once it is allowed.

    `needs` are the facts that it builds on, `trust` the trust policy of a role that it enters,
    `besides` other (action, resource) that have to be allowed with it.
    """

    action: str
    resource: str
    facts: tuple[Fact, ...]
    context: Pairs = ()
    needs: tuple[Fact, ...] = ()
    trust: Policy | None = None
    besides: Pairs = ()
    made: tuple[Identity, ...] = ()

    @property
    def key(self) -> tuple:
        """Two of the same key are decided alike."""
        return self.action, self.resource, self.context, self.trust, self.besides


def word(identity: Identity) -> str:
    return "Role" if identity.is_role else "User"


def tags_of(facts: Facts, identity: Identity) -> Pairs:
    free = (FREE_TAGS, "") in identity.tags  # whoever has made it has tagged it
    if free or ("retagged", identity.arn, True) in facts:
        return ((FREE_TAGS, ""),)
    return tuple(
        (f"{of}:ResourceTag/{key}", value) for key, value in identity.tags for of in ("aws", "iam")
    )


def limit_of(form: Form) -> Pairs:
    return (("iam:PermissionsBoundary", form.boundary[0]),) if form.boundary else ()


def managed(facts: Facts, account: str) -> Iterator[tuple[str, Policy]]:
    yield ADMINISTRATOR, EVERYTHING
    for arn, policy in facts.about("document"):
        if arn.split(":")[4] == account:
            yield arn, policy
