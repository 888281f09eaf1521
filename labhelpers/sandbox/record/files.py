"""CloudTrail's log files: gzip JSON under the keys that CloudTrail gives them in S3.

AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz
Source: CloudTrail User Guide, "CloudTrail log file name format".
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

#: How often CloudTrail delivers, about: one file holds the events of that time.
DELIVERY = timedelta(minutes=5)


def write_cloudtrail_files(
    events: Iterable[Mapping[str, Any]], directory: str | Path
) -> list[Path]:
    """Write events as log files below `directory` and return their paths, oldest first.

    One file for each account, Region and five minutes. Writing the same events again writes the
    same files. Raises ValueError for something that is no event.
    """
    batches: dict[tuple[str, str, datetime], list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        batches[_batch(event)].append(event)
    paths = []
    for (account, region, delivered), records in sorted(batches.items(), key=lambda b: b[0][2]):
        text = json.dumps({"Records": records}, separators=(",", ":"))
        unique = hashlib.sha256(text.encode()).hexdigest()[:16]
        name = f"{account}_CloudTrail_{region}_{delivered:%Y%m%dT%H%MZ}_{unique}.json.gz"
        folder = Path(directory, "AWSLogs", account, "CloudTrail", region, f"{delivered:%Y/%m/%d}")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
        paths.append(path)
    return paths


def read_cloudtrail_files(directory: str | Path) -> list[dict[str, Any]]:
    """The events of all log files below a directory, by time; files of a real trail also work.

    Digest files and others without Records are passed over. Raises ValueError, with the file's
    name, for a file that is no gzip JSON.
    """
    if not Path(directory).is_dir():
        raise ValueError(f"There is no directory {directory}: give the one that holds AWSLogs/.")
    events: list[dict[str, Any]] = []
    for path in sorted(Path(directory).rglob("*.json.gz")):
        try:
            content = json.loads(gzip.decompress(path.read_bytes()))
        except (OSError, EOFError, ValueError) as error:
            raise ValueError(f"{path} is no CloudTrail log file: {error}") from None
        records = content.get("Records") if isinstance(content, dict) else None
        events += records if isinstance(records, list) else []
    return sorted(events, key=lambda event: event.get("eventTime", ""))


def _batch(event: Mapping[str, Any]) -> tuple[str, str, datetime]:
    """Account, Region and time of delivery, which is after the event."""
    try:
        moment = datetime.strptime(event["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        account, region = event["recipientAccountId"], event["awsRegion"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"This is no CloudTrail event ({error!r}): give events as lab.trail holds them."
        ) from None
    past = timedelta(seconds=moment.timestamp() % DELIVERY.total_seconds())
    return account, region, moment - past + DELIVERY
