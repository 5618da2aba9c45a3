"""Requests to a deployed API, for the scripts of `cargo rehearse`: each has this text before its own, and sets `url` and `host`."""

import json
import sys
import urllib.error
import urllib.request


def send(method, route, body=None, token=None, headers=()):
    """Status and body of a request."""
    request = urllib.request.Request(url + route, method=method, headers={"host": host, **dict(headers)})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, json.loads(reply.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"null")


def expect(status, answer):
    """The body of an answer, which has to have this status."""
    if answer[0] != status:
        sys.exit(f"{answer} instead of {status}")
    return answer[1]


