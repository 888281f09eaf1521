"""What an object holds on its way to AWS and back: read once, sent as often as needed, compared.

botocore reads a Body from where it stands and puts streams into the very dict of parameters, which
are at their end when the same call is asked again; and where it repeats a call by itself, it goes
back to a stream's first byte, wherever the call had begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from labhelpers.errors import LabError

if TYPE_CHECKING:
    from botocore.model import OperationModel


@dataclass(frozen=True)
class Held:
    """A body of a request: its `content`, and who wants to see it being read, e.g. upload_file's
    progress."""

    content: bytes
    told: Any = None

    def anew(self) -> Any:
        """What botocore can send from the beginning."""
        if self.told is None:
            return self.content
        self.told.seek(0)
        return self.told


def hold(model: OperationModel, given: Mapping[str, Any]) -> dict[str, Any]:
    """The bodies among the parameters, held; a stream is read to its end, as boto3 does.

    Raises LabError for a file that was opened as text: its bytes are not known.
    """
    members = model.input_shape.members if model.input_shape else {}
    blobs = {name for name, shape in members.items() if shape.type_name == "blob"}
    return {name: _held(name, given[name]) for name in blobs & given.keys()}


def _held(name: str, body: Any) -> Any:
    if isinstance(body, str):
        return Held(body.encode())
    if isinstance(body, (bytes, bytearray)):
        return Held(bytes(body))
    if not hasattr(body, "read"):
        return body  # botocore shall say what is wrong with it
    content = body.read()
    if not isinstance(content, (bytes, bytearray)):
        raise LabError(
            f'{name} is a file opened as text: open it with open(…, "rb"), or give its text.'
        )
    is_told = hasattr(body, "signal_transferring")  # s3transfer's word for: now it is sent
    return Held(bytes(content), body if is_told else None)


def anew(value: Any) -> Any:
    """A copy of parameters that botocore may change, with all bodies at their beginning."""
    if isinstance(value, Held):
        return value.anew()
    if isinstance(value, Mapping):
        return {key: anew(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [anew(inner) for inner in value]
    return value


def differing(real: dict[str, Any], here: dict[str, Any]) -> str:
    """How the object in an answer of AWS differs from the mirror's, in words; "" if it does not.

    Both can be read afterwards as before.
    """
    if not (hasattr(real.get("Body"), "read") and hasattr(here.get("Body"), "read")):
        return ""
    ours, theirs = _read(real), _read(here)
    if ours != theirs:
        return _told(ours, theirs)
    if _metadata(real) != _metadata(here):
        return f"the metadata {_metadata(real)}, the sandbox {_metadata(here)}"
    return ""


def _read(answer: dict[str, Any]) -> bytes:
    from botocore.response import StreamingBody

    content = answer["Body"].read()
    answer["Body"] = StreamingBody(BytesIO(content), len(content))
    return content


def _metadata(answer: Mapping[str, Any]) -> dict[str, str]:
    """S3 keeps the keys in lower case."""
    return {key.lower(): value for key, value in answer.get("Metadata", {}).items()}


def _told(ours: bytes, theirs: bytes) -> str:
    if len(ours) == len(theirs):
        return f"an object with other {len(ours)} bytes in it than the sandbox's"
    return f"an object of {len(ours)} bytes, the sandbox one of {len(theirs)}"
