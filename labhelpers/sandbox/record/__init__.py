"""CloudTrail: what happened in the sandbox, in CloudTrail's own form, and the ways to read it.

observe.py takes from a request what its event needs, recorder.py keeps it, events.py writes the
event when somebody reads it, lookup.py answers LookupEvents, files.py writes and reads log files;
needs.py, history.py and least_privilege.py turn events into the tightest policy.
"""

from labhelpers.sandbox.record.files import read_cloudtrail_files, write_cloudtrail_files
from labhelpers.sandbox.record.observe import observe, observe_service, size_of
from labhelpers.sandbox.record.recorder import Record, Recorder

__all__ = [
    "Record",
    "Recorder",
    "observe",
    "observe_service",
    "read_cloudtrail_files",
    "size_of",
    "write_cloudtrail_files",
]
