"""Each policy of a scenario, turned: does the scenario's answer hang on it?"""

from __future__ import annotations

from dataclasses import replace

from labhelpers.compare.scenario import OWN, allow, grants, trusts

#: The second account of all replays.
OTHER = "444455556666"
FIELDS = ("identity", "boundary", "session_policy", "trust", "bucket")
_OPEN = {
    "trust": (
        trusts("<caller arn>", ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]),
    ),
    "bucket": (grants("<caller arn>", "s3:*"),),
}


def turned(scenario, allowed):
    """A variant for each policy that is not moot: silent where the answer was allowed, open where
    it was refused. The variant's answer must be another."""
    for field in FIELDS:
        if not getattr(scenario, field) or field in scenario.moot or scenario.blind:
            continue
        own = OWN if scenario.is_keyed else "*"
        opened = _OPEN.get(field, (allow("*", own),))
        if scenario.caller == "federated" and field == "identity":
            continue
        changed = () if allowed else opened
        yield replace(scenario, id=f"{scenario.id} [{field} turned]", **{field: changed})
