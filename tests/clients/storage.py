"""Clients that know S3 alone: s3fs, pyarrow, obstore, restic, rclone, s3cmd."""

from __future__ import annotations

from clients.client import Client, Thing
from clients.installing import from_debian, from_pypi
from clients.people import BUCKET

PUT = "\n".join(
    (
        "put('{0}/a b', b'x' * 10)",
        "assert get('{0}/a b') == b'x' * 10",
    )
)


def ten(denied: str, key: str, missing: str, instance: bool = True) -> tuple[Thing, ...]:
    """In Python, by put, get, ls, cp and rm of a client's preamble; the three patterns are what it
    makes of a denial, of a wrong key and of an object that is not there."""
    machine = ("instance", "container") if instance else ("pod", "worker")
    return (
        Thing("long-term keys", "una", PUT.format("keys"), ""),
        Thing("session keys", "session", PUT.format("session"), ""),
        Thing(machine[0], machine[0], PUT.format(machine[0]), ""),
        Thing(machine[1], machine[1], PUT.format(machine[1]), ""),
        Thing("list", "una", "print(ls('keys'))", "a b"),
        Thing(
            "12 MB, in parts",
            "una",
            "put('big', bytes(12_000_000)); print(len(get('big')))",
            "12000000",
        ),
        Thing("copy and delete", "una", "cp('keys/a b', 'c'); rm('c'); print(ls(''))", "hello"),
        Thing("denied", "una", "get('secret/plan')", denied, fails=True),
        Thing("wrong key", "stranger", "get('hello')", key, fails=True),
        Thing("missing object", "una", "get('nothing')", missing, fails=True),
    )


S3FS = f"""
import s3fs
fs = s3fs.S3FileSystem(config_kwargs={{'retries': {{'max_attempts': 1}}}})
def put(key, body): fs.pipe_file('{BUCKET}/' + key, body, chunksize=5_300_000)
def get(key): return fs.cat_file('{BUCKET}/' + key)
def ls(prefix): return fs.ls(('{BUCKET}/' + prefix).rstrip('/'))
def cp(one, other): fs.copy('{BUCKET}/' + one, '{BUCKET}/' + other)
def rm(key): fs.rm('{BUCKET}/' + key)
"""
PYARROW = f"""
import os
from pyarrow import fs as arrow
where = os.environ['AWS_ENDPOINT_URL']
fs = arrow.S3FileSystem(endpoint_override=where, region=os.environ['AWS_REGION'])
def put(key, body):
    with fs.open_output_stream('{BUCKET}/' + key) as out: out.write(body)
def get(key):
    with fs.open_input_stream('{BUCKET}/' + key) as found: return found.read()
def ls(prefix):
    where = ('{BUCKET}/' + prefix).rstrip('/')
    return [one.path for one in fs.get_file_info(arrow.FileSelector(where))]
def cp(one, other): fs.copy_file('{BUCKET}/' + one, '{BUCKET}/' + other)
def rm(key): fs.delete_file('{BUCKET}/' + key)
"""
OBSTORE = f"""
import obstore
from obstore.store import S3Store
retry = {{'max_retries': 0}}
store = S3Store('{BUCKET}', client_options={{'allow_http': True}}, retry_config=retry)
def put(key, body): obstore.put(store, key, body, chunk_size=5_300_000)
def get(key): return bytes(obstore.get(store, key).bytes())
def ls(prefix): return [one['path'] for part in obstore.list(store, prefix or None) for one in part]
def cp(one, other): obstore.copy(store, one, other)
def rm(key): obstore.delete(store, key)
"""

S3CMD = (
    "cat > s3cfg <<EOF\n[default]\nhost_base = ${AWS_ENDPOINT_URL#http://}\n"
    "host_bucket = ${AWS_ENDPOINT_URL#http://}\nuse_https = False\n"
    "bucket_location = $AWS_REGION\naccess_key = $AWS_ACCESS_KEY_ID\n"
    "secret_key = $AWS_SECRET_ACCESS_KEY\naccess_token = $AWS_SESSION_TOKEN\n"
    'max_retries = 1\nEOF\ns3() { s3cmd -c s3cfg "$@"; }\necho hello > file\n'
    f"B=s3://{BUCKET}\n"
)
WRONG_KEY = "InvalidAccessKeyId|does not exist in our records|Access Key Id you provided"
S3CMD_DOES = (
    Thing("long-term keys", "una", "s3 put file $B/s3cmd/a && s3 ls $B/s3cmd/", "s3cmd/a"),
    Thing("session keys", "session", "s3 put file $B/s3cmd/b && s3 ls $B/s3cmd/", "s3cmd/b"),
    Thing("download", "una", "s3 get --force $B/s3cmd/a out && cat out", "hello"),
    Thing(
        "12 MB, in parts",
        "una",
        "head -c 12000000 /dev/zero > big; "
        "s3 put --multipart-chunk-size-mb=5 big $B/s3cmd/big && s3 info $B/s3cmd/big",
        "12000000",
    ),
    Thing("copy and delete", "una", "s3 cp $B/s3cmd/a $B/s3cmd/c && s3 del $B/s3cmd/c", "delete"),
    Thing(
        "make and remove a bucket",
        "una",
        "s3 mb s3://made-by-s3cmd && s3 rb s3://made-by-s3cmd",
        "removed",
    ),
    Thing(
        "sync",
        "una",
        "mkdir -p d; echo 1 > d/1; echo 2 > d/2; s3 sync d/ $B/s3cmd/d/",
        "Done|upload",
    ),
    Thing(
        "denied", "una", "s3 get --force $B/secret/plan out", "AccessDenied|explicit deny|403", True
    ),
    Thing("wrong key", "stranger", "s3 ls $B", WRONG_KEY, True),
    Thing("missing object", "una", "s3 get --force $B/nothing out", "does not exist", True),
)

RCLONE = (
    "export RCLONE_CONFIG_L_TYPE=s3 RCLONE_CONFIG_L_PROVIDER=Other RCLONE_CONFIG_L_ENV_AUTH=true "
    "RCLONE_CONFIG_L_ENDPOINT=$AWS_ENDPOINT_URL RCLONE_CONFIG_L_REGION=$AWS_REGION "
    "RCLONE_CONFIG_L_LOCATION_CONSTRAINT=$AWS_REGION RCLONE_CONFIG= RCLONE_RETRIES=1 "
    "RCLONE_LOW_LEVEL_RETRIES=1\necho hello > file\n"
    f"B=l:{BUCKET}\n"
)
RCLONE_DOES = (
    Thing(
        "long-term keys", "una", "rclone copyto file $B/rclone/a && rclone cat $B/rclone/a", "hello"
    ),
    Thing("session keys", "session", "rclone copyto file $B/rclone/b && rclone ls $B/rclone", "b"),
    Thing("instance", "instance", "rclone cat $B/hello", "found"),
    Thing("container", "container", "rclone cat $B/hello", "found"),
    Thing(
        "12 MB, in parts",
        "una",
        "head -c 12000000 /dev/zero > big; rclone copyto "
        "--s3-upload-cutoff 5M --s3-chunk-size 5M big $B/rclone/big && rclone ls $B/rclone",
        "12000000",
    ),
    Thing(
        "check",
        "una",
        "mkdir -p d; echo 1 > d/1; rclone sync d $B/rclone/d && rclone check d $B/rclone/d",
        "0 differences",
    ),
    Thing(
        "make and remove a bucket",
        "una",
        "rclone mkdir l:made-by-rclone && rclone rmdir l:made-by-rclone && echo gone",
        "gone",
    ),
    Thing("denied", "una", "rclone copy $B/secret out", "AccessDenied|Forbidden", True),
    Thing("wrong key", "stranger", "rclone ls $B", WRONG_KEY, True),
    Thing("purge", "una", "rclone purge $B/rclone && rclone ls $B", "hello"),
)

RESTIC = (
    f"export RESTIC_REPOSITORY=s3:$AWS_ENDPOINT_URL/{BUCKET}/restic RESTIC_PASSWORD=secret "
    "RESTIC_CACHE_DIR=cache\nmkdir -p d; echo hello > d/file\nr() { restic -o "
    's3.region=$AWS_REGION "$@"; }\n'
)
RESTIC_DOES = (
    Thing("make a repository", "una", "r init", "created restic repository"),
    Thing("back up", "una", "r backup d", "snapshot .* saved"),
    Thing("session keys", "session", "r backup d", "snapshot .* saved"),
    Thing("list", "una", "r snapshots", "2 snapshots"),
    Thing("restore", "una", "r restore latest --target out && cat out/d/file", "hello"),
    Thing("12 MB", "una", "head -c 12000000 /dev/urandom > d/big; r backup d; rm d/big", "saved"),
    Thing("check", "una", "r check --read-data", "no errors were found"),
    Thing("forget and prune", "una", "r forget --keep-last 1 --prune", "removed|remove"),
    Thing("wrong key", "stranger", "r snapshots", "Access Denied", True),
    Thing("nobody can decide", "lea", "r snapshots", "400 Bad Request", True),
)

CLIENTS = (
    Client(
        "s3fs",
        from_pypi("s3fs==2026.9.0"),
        ten("PermissionError", "PermissionError|records", "FileNotFoundError"),
        S3FS,
    ),
    Client(
        "pyarrow",
        from_pypi("pyarrow==26.0.1"),
        ten(
            "ACCESS_DENIED",
            "INVALID_ACCESS_KEY|ACCESS_DENIED|InvalidAccessKeyId",
            "FileNotFoundError",
            instance=True,
        ),
        PYARROW,
    ),
    Client(
        "obstore",
        from_pypi("obstore==0.12.1"),
        ten("AccessDenied|PermissionDenied", "InvalidAccessKeyId", "NotFound"),
        OBSTORE,
    ),
    Client("s3cmd", from_pypi("s3cmd==2.4.0", command=("sh", "-c")), S3CMD_DOES, S3CMD),
    Client("rclone", from_debian("rclone=1.60.1+dfsg-2+b5"), RCLONE_DOES, RCLONE),
    Client("restic", from_debian("restic=0.14.0-1+b5"), RESTIC_DOES, RESTIC),
)
