"""AssumeRole's own rules: duration, chaining, tags, source identity, parameters (2.2, 6)."""

from __future__ import annotations

from typing import Any

from labhelpers.compare.scenario import ASSUME, TARGET, Scenario, allow, tags, trusts, when

ROLE, TAG, SOURCE = "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"
ROOT = "arn:aws:iam::<account>:root"
LONG = {"RoleArn": "<long target arn>"}
TEAM = {"Tags": tags(team="blue")}
TRANSITIVE = {"Tags": tags(team="blue", cost="1"), "TransitiveTagKeys": ["team"]}


def scenarios() -> list[Scenario]:
    return [
        *_durations(),
        *_parameters(),
        *_tags(),
        *_tag_keys(),
        *_inherited(),
        *_source(),
        *_companions(),
        *_passed(),
    ]


def _of(
    says: str, given: dict[str, Any], actions: Any = ROLE, caller: str = "user", **more: Any
) -> Scenario:
    condition = {"Condition": more.pop("condition")} if "condition" in more else {}
    trust = more.pop("trust", (trusts("<caller arn>", actions, **condition),))
    return Scenario(
        f"sessions/{caller}: {says}",
        says[0].upper() + says[1:] + ".",
        "sts:AssumeRole",
        ASSUME | given,
        caller=caller,
        trust=trust,
        **more,
    )


def _durations() -> list[Scenario]:
    rows = [("user", LONG, (899, 900, 43200, 43201)), ("user", {}, (3600, 3601))]
    rows += [("role", LONG, (3600, 3601, 43201)), ("role", {}, (3601,))]
    rows += [("token", LONG, (3600, 3601))]
    found = []
    for caller, role, several in rows:
        for seconds in several:
            says = (
                f"{seconds} seconds of a role that gives {'twelve hours' if role else 'one hour'}"
            )
            given = role | {"DurationSeconds": seconds}
            moot = ("trust",) if seconds not in (900, 3600) else ()
            found.append(_of(says, given, caller=caller, moot=moot))
    stranger = (trusts("<starter arn>"),)
    found += [
        _of(
            "too many seconds of a role that does not trust",
            {"DurationSeconds": 7200},
            trust=stranger,
            moot=("trust",),
        ),
        _of(
            "43201 seconds of a role that does not trust",
            {"DurationSeconds": 43201},
            trust=stranger,
            moot=("trust",),
        ),
    ]
    return found


def _parameters() -> list[Scenario]:
    rows: dict[str, dict[str, Any]] = {
        "a session name of 65 characters": {"RoleSessionName": "x" * 65},
        "every character of session names": {"RoleSessionName": "aZ09_=,.@-"},
        "an external ID with a blank": {"ExternalId": "a b"},
        "an external ID of 1225 characters": {"ExternalId": "x" * 1225},
        "a source identity that begins with aws:": {"SourceIdentity": "aws:x"},
        "a role ARN that is none": {"RoleArn": "compare-role-that-is-no-arn"},
        "the ARN of a user": {"RoleArn": "<user arn>"},
        "a tag key of 129 characters": {"Tags": tags(**{"k" * 129: "v"})},
        "an empty tag value": {"Tags": tags(k="")},
        "a tag key of aws:": {"Tags": [{"Key": "aws:x", "Value": "1"}]},
        "tag keys that differ in case": {"Tags": tags(Team="1", team="2")},
        "51 tags": {"Tags": tags(**{f"k{n}": "" for n in range(51)})},
        "a transitive key that is no tag": {"Tags": tags(a="1"), "TransitiveTagKeys": ["b"]},
        "a session policy that is no JSON": {"Policy": "{"},
        "a session policy with a principal": {
            "Policy": '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*",'
            '"Action":"s3:*","Resource":"*"}}'
        },
        "a session policy without statements": {
            "Policy": '{"Version":"2012-10-17","Statement":[]}'
        },
        "a session policy of 2049 characters": {
            "Policy": '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",'
            '"Resource":"*"}}'.ljust(2049)
        },
        "a managed session policy of AWS": {
            "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
        },
        "a managed session policy that does not exist": {
            "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/CompareNobody"}]
        },
        "eleven managed session policies": {
            "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}] * 11
        },
    }
    both = [ROLE, TAG, SOURCE]
    return [_of(says, given, both, moot=("trust",)) for says, given in rows.items()]


def _tags() -> list[Scenario]:
    account = lambda *actions: (trusts(ROOT, list(actions)),)  # noqa: E731
    mine = lambda *actions: (allow(list(actions), TARGET),)  # noqa: E731
    tagged = {"StringEquals": {"aws:RequestTag/team": ["blue", "red"]}}
    return [
        _of("a tag, the trust policy allows AssumeRole alone", TEAM),
        _of("a tag, the trust policy allows TagSession", TEAM, [ROLE, TAG]),
        _of("a tag, the trust policy allows TagSession alone", TEAM, TAG),
        _of(
            "a tag, the account is trusted, its own policy allows both",
            TEAM,
            trust=account(ROLE, TAG),
            identity=mine(ROLE, TAG),
        ),
        _of(
            "a tag, the account is trusted, its own policy lacks TagSession",
            TEAM,
            trust=account(ROLE, TAG),
            identity=mine(ROLE),
            moot=("trust",),
        ),
        _of("a tag that the condition wants", TEAM, [ROLE, TAG], condition=tagged),
        _of(
            "a tag that the condition does not want",
            {"Tags": tags(team="Blue")},
            [ROLE, TAG],
            condition=tagged,
        ),
        _of("no tag where the condition wants one", {}, [ROLE, TAG], condition=tagged),
        _of(
            "a tag whose key has another case",
            {"Tags": tags(TEAM="blue")},
            [ROLE, TAG],
            condition=tagged,
        ),
    ]


def _tag_keys() -> list[Scenario]:
    """aws:TagKeys and sts:TransitiveTagKeys have several values."""
    listed = ["team", "cost"]
    rows = {"no": {}, "one": {"Tags": tags(team="1")}, "both": {"Tags": tags(team="1", cost="2")}}
    rows |= {
        "another": {"Tags": tags(other="1")},
        "one and another": {"Tags": tags(team="1", other="2")},
    }
    operators = [
        "ForAllValues:StringEquals",
        "ForAnyValue:StringEquals",
        "ForAllValues:StringNotEquals",
        "ForAnyValue:StringNotEquals",
    ]
    found = [
        _of(f"{operator} on tag keys, {word} key", given, [ROLE, TAG], **_when(operator, listed))
        for operator in operators
        for word, given in rows.items()
        if word in ("no", "one and another") or operator == operators[0]
    ]
    guarded = {
        "ForAllValues:StringEquals": {"aws:TagKeys": listed},
        "Null": {"aws:TagKeys": "false"},
    }
    found += [
        _of(f"tag keys guarded by Null, {word} key", given, [ROLE, TAG], condition=guarded)
        for word, given in rows.items()
        if word in ("no", "one")
    ]
    transitive = {"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": ["team"]}}
    for word, keys in (("no", []), ("one", ["team"]), ("another", ["cost"])):
        given: dict[str, Any] = {"Tags": tags(team="1", cost="2")}
        given |= {"TransitiveTagKeys": keys} if keys else {}
        found.append(_of(f"{word} transitive key", given, [ROLE, TAG], condition=transitive))
    return found


def _when(operator: str, listed: list[str]) -> dict[str, Any]:
    return _block(when(operator, "aws:TagKeys", listed))


def _inherited() -> list[Scenario]:
    """What a session with a transitive tag passes on when it takes the next role."""
    role: dict[str, Any] = {"caller": "role", "session": TRANSITIVE}
    blue = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    asked = {"StringEquals": {"aws:RequestTag/team": "blue"}}
    found = [
        _of("a transitive tag, the trust policy allows AssumeRole alone", {}, **role),
        _of("a transitive tag, the trust policy allows TagSession", {}, [ROLE, TAG], **role),
        _of("a transitive tag is the caller's", {}, [ROLE, TAG], condition=blue, **role),
        _of("a transitive tag is not the request's", {}, [ROLE, TAG], condition=asked, **role),
        _of("a transitive tag set anew", TEAM, [ROLE, TAG], **role, moot=("trust",)),
        _of(
            "a transitive tag set anew in another case",
            {"Tags": tags(TEAM="red")},
            [ROLE, TAG],
            **role,
            moot=("trust",),
        ),
        _of("a tag beside a transitive one", {"Tags": tags(other="1")}, [ROLE, TAG], **role),
        _of("a tag that is not transitive", {}, ROLE, caller="role", session=TEAM),
    ]
    for key, value in (("team", "blue"), ("cost", "1")):
        put = {"Bucket": "<bucket>", "Key": "<key>/a", "Body": ""}
        block = when("StringEquals", f"aws:PrincipalTag/{key}", value)
        found.append(
            Scenario(
                f"sessions/chained: the tag {key} after one more role",
                f"The first session had the tags team and cost, team transitive; is {key} left?",
                "s3:PutObject",
                put,
                caller="chained",
                session=TRANSITIVE,
                identity=(allow("s3:PutObject", "arn:aws:s3:::<bucket>/<key>/*", **block),),
            )
        )
    return found


def _source() -> list[Scenario]:
    anna = {"SourceIdentity": "anna"}
    wants = {"StringEquals": {"sts:SourceIdentity": "anna"}}
    held = {"StringEquals": {"aws:SourceIdentity": "anna"}}
    role: dict[str, Any] = {"caller": "role", "session": anna}
    both = [ROLE, SOURCE]
    return [
        _of("a source identity, AssumeRole allowed alone", anna),
        _of("a source identity, SetSourceIdentity allowed", anna, both),
        _of("a source identity that the condition wants", anna, both, condition=wants),
        _of(
            "another source identity than the condition wants",
            {"SourceIdentity": "bob"},
            both,
            condition=wants,
        ),
        _of("no source identity where the condition wants one", {}, both, condition=wants),
        _of(
            "a source identity, the account is trusted, its own policy lacks SetSourceIdentity",
            anna,
            trust=(trusts(ROOT, both),),
            identity=(allow(ROLE, TARGET),),
            moot=("trust",),
        ),
        _of("an inherited source identity, AssumeRole allowed alone", {}, **role),
        _of("an inherited source identity, SetSourceIdentity allowed", {}, both, **role),
        _of("the same source identity again", anna, both, **role),
        _of("another source identity", {"SourceIdentity": "bob"}, both, **role, moot=("trust",)),
        _of(
            "an inherited source identity is sts:SourceIdentity", {}, both, condition=wants, **role
        ),
        _of("an inherited source identity is aws:SourceIdentity", {}, both, condition=held, **role),
        _of("a first source identity is not aws:SourceIdentity", anna, both, condition=held),
    ]


def _companions() -> list[Scenario]:
    """A condition on a key that one of a statement's actions does not have refuses the whole call;
    a statement of its own for that action lets it through."""
    anna = {"SourceIdentity": "anna"}
    rows: list[tuple[str, str, str, str, dict[str, Any]]] = [
        ("sts:ExternalId", "StringEquals", "partner-7", TAG, TEAM | {"ExternalId": "partner-7"}),
        ("sts:SourceIdentity", "StringLike", "*", TAG, TEAM | anna),
        ("aws:RequestTag/team", "StringEquals", "blue", SOURCE, TEAM | anna),
        ("sts:RoleSessionName", "StringLike", "*", SOURCE, anna),
    ]
    found = []
    for key, operator, value, apart, given in rows:
        block = when(operator, key, value)
        needs = {"Tags": TAG, "SourceIdentity": SOURCE}
        asked = [ROLE, *(action for name, action in needs.items() if name in given)]
        others = [action for action in asked if action != apart]
        split = (trusts("<caller arn>", others, **block), trusts("<caller arn>", apart))
        name = apart.partition(":")[2]
        found += [
            _of(f"{key} in one statement with {name}", given, asked, **_block(block)),
            _of(f"{key} in a statement without {name}", given, trust=split),
        ]
    return found


def _block(block: dict[str, Any]) -> dict[str, Any]:
    return {"condition": block["Condition"]}


def _passed() -> list[Scenario]:
    """A session policy is no part of the question whether the role may be taken."""
    nothing = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'
    return [_of("a session policy that denies everything", {"Policy": nothing})]
