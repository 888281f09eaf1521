"""Which kind of policy a document looks like."""

from __future__ import annotations

from labhelpers.policy.linting.views import views_of


def guess_kind(document: object) -> str:
    """Return "trust", "resource" or "identity" by the elements of the statements.

    Session policies, boundaries and service control policies look like identity-based ones.
    A role's trust policy has sts actions and (if right) no resource; a statement with a
    principal and a resource belongs to a resource.
    """
    found = views_of(document, "identity")
    texts = [text.lower() for view in found for _, text in view.actions]
    assuming = bool(texts) and all(
        text.startswith(("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:*"))
        for text in texts
    )
    named = any("Principal" in v.statement or "NotPrincipal" in v.statement for v in found)
    placed = any("Resource" in v.statement or "NotResource" in v.statement for v in found)
    if assuming and (named or not placed):
        return "trust"
    return "resource" if named else "identity"
