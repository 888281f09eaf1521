"""A ground that is as slow to believe a policy as AWS: writes count after so many more calls."""

from __future__ import annotations

_WRITES = (
    "put_user_policy",
    "put_role_policy",
    "update_assume_role_policy",
    "put_bucket_policy",
)


class StaleGround:
    """A lab whose policies count `delay` calls after they were written."""

    def __init__(self, lab, delay):
        self.lab, self.delay = lab, delay
        self.account_id, self.region = lab.account_id, lab.region
        self.attempt = lab.attempt
        self._sessions, self._waiting, self._calls = {}, [], 0

    def session(self, account_id=None):
        if account_id not in self._sessions:
            self._sessions[account_id] = StaleSession(self, self.lab.session(account_id))
        return self._sessions[account_id]

    def session_from(self, credentials):
        return StaleSession(self, self.lab.session_from(credentials))

    def client(self, service):
        return self.session().client(service)

    def later(self, write):
        self._waiting.append((self._calls + self.delay, write))

    def tick(self):
        """One more call: do the writes whose time has come."""
        self._calls += 1
        while self._waiting and self._waiting[0][0] <= self._calls:
            self._waiting.pop(0)[1]()


class StaleSession:
    def __init__(self, ground, session):
        self._ground, self._session = ground, session

    def client(self, service, **more):
        return StaleClient(self._ground, self._session.client(service, **more))


class StaleClient:
    def __init__(self, ground, client):
        self._ground, self._client = ground, client
        self.meta, self.close = client.meta, client.close

    def __getattr__(self, name):
        method = getattr(self._client, name)

        def call(**parameters):
            if name in _WRITES:
                self._ground.later(lambda: method(**parameters))
                return {}
            self._ground.tick()
            return method(**parameters)

        return call
