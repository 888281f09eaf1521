#!/usr/bin/env bash
# boto3 1.44.8 (Python 3.11), a client of the service signin that was given an endpoint_url.
# Guess: all of its operations ask that endpoint, as those of every other service do.
# Behaviour: the rules of the model look at the operation before they look at the endpoint. Those of
# its control plane (ListSessions, GetSession, BatchRevokeSessions and seven more) go to AWS, signed
# with whatever keys the client has. `aws signin list-sessions --endpoint-url …` does the same.
# Seen: https://signin.eu-west-1.api.aws/list-sessions http://127.0.0.1:9/v1/token
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install boto3==1.44.8
cat > run.py <<'PYTHON'
import boto3

client = boto3.client("signin", "eu-west-1", endpoint_url="http://127.0.0.1:9",
                      aws_access_key_id="key", aws_secret_access_key="secret")
seen = []


def answer(request, **_):
    """Nothing is sent: the answer is made up here."""
    seen.append(request.url)
    from botocore.awsrequest import AWSResponse

    response = AWSResponse(request.url, 200, {"content-type": "application/json"}, None)
    response._content = b"{}"
    return response


client.meta.events.register("before-send", answer)
client.list_sessions()
client.create_o_auth2_token(tokenInput={"clientId": "x", "grantType": "refresh_token"})
print(*seen)
PYTHON
bin/python run.py | tee seen && diff seen - <<'END'
https://signin.eu-west-1.api.aws/list-sessions http://127.0.0.1:9/v1/token
END
