"""In a kernel under test: what a lesson wrote is what the account holds, byte by byte.

After each write that got through, the object on the served AWS is compared with the mirror's, and
with the body that the lesson gave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from served_aws import stored

from labhelpers.account.calls import Calls

WRITES = ("PutObject", "CopyObject", "DeleteObject")


def compare_what_is_written(ask: Callable[..., Any]) -> dict[str, Any]:
    """From now on; "objects" counts them, "wrong" says which differ. `ask` asks the served AWS."""
    found: dict[str, Any] = {"objects": 0, "wrong": []}
    real_make = Calls.make

    def make(self: Calls, client: Any, caller: Any, operation: str, given: Mapping, send: Any):
        answer = real_make(self, client, caller, operation, given, send)
        if operation in WRITES and client.meta.service_model.service_name == "s3":
            key = given["Key"]
            real = ask("stored", bucket=self.names.bucket(given["Bucket"]), key=key)
            here = stored(given["Bucket"], key)
            body = given.get("Body", b"") if operation == "PutObject" else None
            is_whole = not isinstance(body, bytes) or (real and real[0] == body.hex())
            found["objects"] += 1
            if real != here or not is_whole:
                found["wrong"].append(f"{operation} {key}: {real} on AWS, {here} in the mirror")
        return answer

    Calls.make = make
    return found
