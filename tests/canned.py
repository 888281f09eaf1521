"""The floor under every server: it answers what it has been asked before from memory.

    python tests/canned.py http://127.0.0.1:PORT

What it has not been asked before, the server behind it answers. One thread for a connection, no
parsing, no deciding: what a client's call takes of it, the client and the network take.
"""

from __future__ import annotations

import socket
import sys
import threading
from urllib.parse import urlsplit


def message(connection: socket.socket) -> bytes:
    """One HTTP request or answer as it is on the wire, "" at the end."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = connection.recv(65536)
        if not more:
            return b""
        text += more
    head, _, body = text.partition(b"\r\n\r\n")
    named = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    length = next((int(value) for name, _, value in named if name == b"content-length"), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def serve(client: socket.socket, behind: tuple[str, int], known: dict[bytes, bytes]) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while request := message(client):
        asked = request.partition(b"\r\n")[0] + request.partition(b"\r\n\r\n")[2]
        if asked not in known:
            with socket.create_connection(behind) as server:
                server.sendall(request)
                known[asked] = message(server)
        client.sendall(known[asked])


def main() -> None:
    url = urlsplit(sys.argv[1])
    known: dict[bytes, bytes] = {}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            arguments = (client, (url.hostname, url.port), known)
            threading.Thread(target=serve, args=arguments, daemon=True).start()


if __name__ == "__main__":
    main()
