"""A load client for SendEmail: one signed request, sent over and over on kept connections.

SigV4 signs a request, not a moment: the same bytes stay valid for fifteen minutes, so signing costs the client nothing while it
measures, as smtp-source composes its message once. The server verifies each signature anew.
"""

import datetime
import hashlib
import hmac
import json
import re
import selectors
import socket
import time

ANSWER = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
MESSAGE_ID = re.compile(rb'"MessageId"\s*:\s*"([^"]+)"')


def signed_request(host, path, body, key, secret, region):
    """The bytes of a POST with an AWS Signature Version 4."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {"content-type": "application/json", "host": host, "x-amz-date": stamp}
    names = ";".join(headers)
    canonical = "\n".join(["POST", path, "", *(f"{name}:{value}" for name, value in headers.items()), "", names,
                           hashlib.sha256(body).hexdigest()])
    scope = f"{day}/{region}/ses/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signing_key = f"AWS4{secret}".encode()
    for part in (day, region, "ses", "aws4_request"):
        signing_key = hmac.digest(signing_key, part.encode(), "sha256")
    signature = hmac.new(signing_key, to_sign.encode(), "sha256").hexdigest()
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    headers["content-length"] = str(len(body))
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    return head.encode() + body


def send_email(host, sender, recipient, raw, key, secret, region="us-east-1"):
    """SendEmail with raw content."""
    import base64
    body = json.dumps({
        "FromEmailAddress": sender, "Destination": {"ToAddresses": [recipient]},
        "Content": {"Raw": {"Data": base64.b64encode(raw).decode()}},
    }).encode()
    return signed_request(host, "/v2/email/outbound-emails", body, key, secret, region)


class Connection:
    def __init__(self, address):
        self.socket = socket.create_connection(address, 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.started = 0.0


def run(address, request, count, connections):
    """Sends `count` requests over that many connections, one outstanding on each.

    Returns (seconds, latencies in seconds, ids answered). Anything but a 200 with a MessageId is an error.
    """
    selector = selectors.DefaultSelector()
    idle = [Connection(address) for _ in range(min(connections, count))]
    latencies, ids = [], []
    to_send = count
    begin = time.monotonic()

    def send(connection):
        connection.started = time.monotonic()
        connection.socket.sendall(request)

    for connection in idle:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        send(connection)
        to_send -= 1
    while len(ids) < count:
        ready = selector.select(60)
        if not ready:
            raise TimeoutError("no answer within 60 s")
        for chosen, _ in ready:
            connection = chosen.data
            data = connection.socket.recv(65536)
            if not data:
                raise ConnectionError("the server closed a connection")
            connection.received += data
            head, separator, rest = connection.received.partition(b"\r\n\r\n")
            if not separator:
                continue
            length = ANSWER.search(head)
            if length is None or len(rest) < int(length[1]):
                continue
            found = MESSAGE_ID.search(rest)
            if not head.startswith(b"HTTP/1.1 200") or found is None:
                raise RuntimeError(f"not accepted: {head.splitlines()[0].decode()} {rest[:300].decode(errors='replace')}")
            latencies.append(time.monotonic() - connection.started)
            ids.append(found[1])
            connection.received = b""
            if to_send:
                to_send -= 1
                send(connection)
    seconds = time.monotonic() - begin
    for connection in idle:
        selector.unregister(connection.socket)
        connection.socket.close()
    return seconds, latencies, ids
