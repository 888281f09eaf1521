"""A random walk through the sandbox, held against a small model of what must be true.

Users, roles, sessions, policies and the clock move at random. No session outlives its expiry,
no chain exceeds an hour, and nothing is allowed that the policies of the model do not allow.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
)
from scene import World, allow, deny, policy, trusts

from labhelpers import open_lab

HOUR = timedelta(hours=1)
NAMES = st.sampled_from(["red", "blue"])
#: What the model knows of a policy: its statements, and whether iam:ListRoles is allowed by it.
GRANTS = st.sampled_from(
    [
        ((), False),
        ((allow("iam:ListRoles"),), True),
        ((allow("iam:*"), deny("iam:ListRoles")), False),
        ((allow("iam:List*"), allow("sts:AssumeRole")), True),
    ]
)


class Walk(RuleBasedStateMachine):
    """`roles` and `users` map names to what the model expects; sessions carry theirs."""

    sessions = Bundle("sessions")

    @initialize(target=sessions)
    def start(self):
        self.lab = open_lab()
        self.world = World(self.lab)
        self.iam = self.world.iam()
        self.roles, self.users, self.generation = {}, {}, {}
        for name in ("red", "blue"):
            self.set_user(name, ((allow("sts:AssumeRole"),), False))
            self.set_role(name, name, ((allow("iam:ListRoles"),), True), 4)
        return self.assume("red", "red", 1)

    @rule(name=NAMES, grant=GRANTS)
    def set_user(self, name, grant):
        statements, may = grant
        if name not in self.users:
            self.users[name] = [self.world.user(name), False]
        self._put(self.iam.put_user_policy, "UserName", name, statements)
        self.users[name][1] = may

    @rule(name=NAMES, trusted=NAMES, grant=GRANTS, hours=st.sampled_from([1, 4]))
    def set_role(self, name, trusted, grant, hours):
        if trusted not in self.users:
            return
        arn = f"arn:aws:iam::111122223333:user/{trusted}"
        statements, may = grant
        if name not in self.roles:
            self.world.role(name, trusts(arn), MaxSessionDuration=3600 * hours)
            self.generation[name] = self.generation.get(name, 0) + 1
        else:
            self.iam.update_assume_role_policy(RoleName=name, PolicyDocument=policy(trusts(arn)))
            self.iam.update_role(RoleName=name, MaxSessionDuration=3600 * hours)
        self._put(self.iam.put_role_policy, "RoleName", name, statements)
        self.roles[name] = (trusted, may, hours)

    def _put(self, call, key, name, statements):
        document = policy(*(statements or (deny("iam:DeleteRole"),)))
        call(**{key: name, "PolicyName": "p", "PolicyDocument": document})

    @rule(name=NAMES)
    def delete_role(self, name):
        if self.roles.pop(name, None):
            self.iam.delete_role_policy(RoleName=name, PolicyName="p")
            self.iam.delete_role(RoleName=name)

    @rule(target=sessions, name=NAMES, hours=st.sampled_from([1, 0.25, 2, 4]))
    def assume_by_the_trusted(self, name, hours):
        return self.assume(self.roles.get(name, (name,))[0], name, hours)

    @rule(user=NAMES, name=NAMES)
    def assume_by_anybody(self, user, name):
        self.assume(user, name, 1)

    def assume(self, user, name, hours):
        if user not in self.users:
            return multiple()
        role = f"arn:aws:iam::111122223333:role/{name}"
        seconds = int(hours * 3600)
        got = self.world.assume(self.users[user][0], role, DurationSeconds=seconds)
        trusted, _, longest = self.roles.get(name, (None, False, 0))
        assert got.allowed == (trusted == user) or got.code == "ValidationError", got
        assert got.succeeded == (trusted == user and hours <= longest), got
        if not got.succeeded:
            return multiple()
        ends = got.response["Credentials"]["Expiration"]
        assert ends - self.lab.clock.now() <= timedelta(seconds=seconds)
        return name, self.generation[name], ends, self.lab.session_from(got.response)

    @rule(session=sessions)
    def chain(self, session):
        """A role that trusts users only: a session of it gets nowhere, and never beyond an hour."""
        role = f"arn:aws:iam::111122223333:role/{session[0]}"
        got = self.world.assume(session[3], role, DurationSeconds=3600)
        assert not got.allowed or got.code, got

    @rule(session=sessions)
    def use(self, session):
        name, generation, ends, boto = session
        got = self.lab.attempt(boto.client("iam").list_roles)
        alive = self.lab.clock.now() < ends
        same = name in self.roles and self.generation[name] == generation
        if not alive:
            assert got.code == "ExpiredToken", got
        elif not same:
            assert got.code == "InvalidClientTokenId", got
        else:
            assert got.succeeded == self.roles[name][1], got

    @rule(user=NAMES)
    def use_user(self, user):
        if user in self.users:
            session, may = self.users[user]
            got = self.lab.attempt(session.client("iam").list_roles)
            assert got.succeeded == may, got

    @rule(minutes=st.sampled_from([5, 55, 61, 300]))
    def wait(self, minutes):
        self.lab.clock.advance(timedelta(minutes=minutes))

    @rule(session=consumes(sessions))
    def forget(self, session):
        """A session that nobody holds any more changes nothing."""

    def teardown(self):
        if hasattr(self, "lab"):
            self.lab.close()


TestWalk = Walk.TestCase
TestWalk.settings = settings(
    max_examples=15,
    stateful_step_count=40,
    phases=[Phase.generate],  # a walk is short enough to read; shrinking would take minutes
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
pytestmark = pytest.mark.slow
