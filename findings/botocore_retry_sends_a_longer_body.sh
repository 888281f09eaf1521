#!/usr/bin/env bash
# botocore 1.44.8 with boto3 1.44.8 (Python 3.11), S3 PutObject whose Body is a file object that has
# been read up to its fifth byte, against a server that is busy (503) the first time.
# Guess: the repeated request carries what the first one carried.
# Behaviour: the first one sends from where the stream stands, the repeated one from the stream's
# beginning: AWSPreparedRequest.reset_stream seeks to 0. What is stored then, with status 200 and
# without a word, is another and longer object than without the 503.
# Seen: [b'world', b'helloworld']
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install boto3==1.44.8 botocore==1.44.8
cat > put.py <<'PYTHON'
import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
from botocore.config import Config

bodies = []


class BusyAtFirst(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(503 if len(bodies) == 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), BusyAtFirst)
threading.Thread(target=server.serve_forever, daemon=True).start()
s3 = boto3.client(
    "s3",
    endpoint_url=f"http://127.0.0.1:{server.server_port}",
    region_name="us-east-1",
    aws_access_key_id="nobody",
    aws_secret_access_key="nobody",
    config=Config(
        retries={"mode": "standard", "total_max_attempts": 2},
        s3={"addressing_style": "path", "payload_signing_enabled": True},
        request_checksum_calculation="when_required",
    ),
)
stream = io.BytesIO(b"helloworld")
stream.seek(5)
s3.put_object(Bucket="bucket", Key="key", Body=stream)
print(bodies)
PYTHON
bin/python put.py | tee seen && diff seen - <<'END'
[b'world', b'helloworld']
END
