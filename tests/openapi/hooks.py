# SPDX-License-Identifier: BSD-3-Clause
"""What schemathesis has to know beyond docs/openapi.yaml to test SFChat.

A valid request must succeed, so each request gets a chat of its own: tokens of a
ready chat, or the code of a draft. The stateful phase follows the links of the
document instead, with the tokens that the site has returned.
"""

import os
import re

import requests
import schemathesis
from schemathesis.core import NOT_SET

API = os.environ["SFCHAT_TEST_API"]
TOKEN = re.compile("[0-9a-f]{24}")
HEADERS = ("X-SFC-userToken", "X-SFC-chatToken")
DEPTH_MAX = 8
PATIENCE_SECONDS = 120

session = requests.Session()
session.trust_env = False
session.verify = os.environ["SFCHAT_TEST_CA"]


def _post(resource, body=None):
    """Sends a POST that must succeed, and returns its results."""
    reply = session.post(f"{API}/{resource}", json=body, timeout=PATIENCE_SECONDS)
    reply.raise_for_status()
    return reply.json()["results"]


def _measure_depth(value):
    """Counts the levels of a JSON value; a number or a string is one level."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return 1
    return 1 + max(map(_measure_depth, value), default=0)


def _is_token(value):
    return isinstance(value, str) and TOKEN.fullmatch(value) is not None


def _is_stateful(case):
    return case.meta is not None and case.meta.phase.name.value == "stateful"


@schemathesis.auth(refresh_interval=None)
class Participant:
    """The creator of a ready chat: the messages `created` and `joined` wait."""

    def get(self, case, context):
        if case.operation.path in ("/create.json", "/join.json", "/health.json"):
            return None
        if all(_is_token(case.headers.get(name)) for name in HEADERS):
            return None
        chat = _post("create.json")
        _post("join.json", {"data": {"chatToken": chat["chatToken"]}})
        return chat["userToken"], chat["chatToken"]

    def set(self, case, data, context):
        case.headers.update(zip(HEADERS, data))


def _list_methods(case):
    """Returns the methods that the document names for the path of a case."""
    return {name.lower() for name in case.operation.schema[case.operation.path]}


def _is_named(case):
    return case.method.lower() in _list_methods(case)


@schemathesis.hook
def filter_body(context, body):
    # JSON Schema cannot say how deep a value may be.
    return _measure_depth(body) <= DEPTH_MAX


@schemathesis.hook
def before_call(context, case, kwargs):
    if not _is_named(case):
        # lighttpd itself refuses a GET with a body.
        case.body = NOT_SET
    elif _is_stateful(case):
        # A poll of this phase finds no message once all are acknowledged.
        if case.operation.label == "GET /messages.json":
            case.query["wait"] = "0"
    elif case.operation.label == "POST /join.json":
        data = case.body.get("data") if isinstance(case.body, dict) else None
        if isinstance(data, dict) and _is_token(data.get("chatToken")):
            data["chatToken"] = _post("create.json")["chatToken"]


@schemathesis.check
def unnamed_method(context, response, case):
    """A method that the document does not name gets 501 with `Allow`."""
    if _is_named(case):
        return
    allow = ", ".join(response.headers.get("allow", []))
    assert response.status_code == 501, "501 was expected"
    methods = {name.lower() for name in allow.split(", ")}
    assert methods == _list_methods(case), f"Allow: {allow}"
