"""CloudTrail's log files, and what the recorder keeps."""

import gzip
import json
import re
from datetime import datetime, timedelta

import pytest

from labhelpers import read_cloudtrail_files, write_cloudtrail_files


def by_id(event):
    return event["eventID"]


def by(key, value):
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def test_files_round_trip(lab, world, tmp_path):
    """Written under CloudTrail's keys, read back whole; writing again changes nothing."""
    world.user("anna").client("sts").get_caller_identity()
    lab.clock.advance(timedelta(days=1))
    world.user("ben", account="444455556666").client("sts").get_caller_identity()
    events = lab.trail
    paths = write_cloudtrail_files(events, tmp_path)
    found = read_cloudtrail_files(tmp_path)
    assert sorted(found, key=by_id) == sorted(events, key=by_id)
    times = [event["eventTime"] for event in found]
    assert times == sorted(times) and len(paths) == 4
    first = events[0]
    moment = datetime.strptime(first["eventTime"], "%Y-%m-%dT%H:%M:%SZ")
    account, region = first["recipientAccountId"], first["awsRegion"]
    folder = tmp_path / "AWSLogs" / account / "CloudTrail" / region
    assert any(path.is_relative_to(folder) for path in paths)
    name = rf"{account}_CloudTrail_{region}_\d{{8}}T\d{{4}}Z_\w{{16}}\.json\.gz"
    mine = [path for path in paths if path.is_relative_to(folder)]
    assert all(re.fullmatch(name, path.name) for path in mine)
    delivered = datetime.strptime(mine[0].name.split("_")[3], "%Y%m%dT%H%MZ")
    assert timedelta(0) < delivered - moment <= timedelta(minutes=5)
    assert json.loads(gzip.decompress(mine[0].read_bytes()))["Records"]
    assert write_cloudtrail_files(events, tmp_path) == paths
    assert len(list(tmp_path.rglob("*.json.gz"))) == len(paths)


def test_files_say_what_is_wrong(tmp_path):
    with pytest.raises(ValueError, match="no CloudTrail event"):
        write_cloudtrail_files([{"eventName": "X"}], tmp_path)
    with pytest.raises(ValueError, match="no directory"):
        read_cloudtrail_files(tmp_path / "none")
    (tmp_path / "a.json.gz").write_bytes(b"x")
    with pytest.raises(ValueError, match="a.json.gz is no CloudTrail log file"):
        read_cloudtrail_files(tmp_path)


def test_recorder_forgets_the_oldest(monkeypatch):
    from labhelpers.sandbox.record import Record, Recorder, recorder

    monkeypatch.setattr(recorder, "MAX_EVENTS", 10)
    kept = Recorder()
    for number in range(25):
        kept.add(f"request-{number % 20}", Record(None))
    assert [record.number for record in kept.newest_first()] == list(range(25, 15, -1))
    assert kept.get("request-16").number == 17 and kept.get("request-5") is None
    assert kept.get("request-4").number == 25
    assert len(kept._by_id) == 10


def test_history_ends_after_ninety_days(lab):
    lab.client("sts").get_caller_identity()
    lab.clock.advance(timedelta(days=89))
    assert (
        len(
            lab.client("cloudtrail").lookup_events(**by("EventSource", "sts.amazonaws.com"))[
                "Events"
            ]
        )
        == 1
    )
    lab.clock.advance(timedelta(days=2))
    assert lab.client("cloudtrail").lookup_events()["Events"][:1] != []
    assert (
        lab.client("cloudtrail").lookup_events(**by("EventSource", "sts.amazonaws.com"))["Events"]
        == []
    )
