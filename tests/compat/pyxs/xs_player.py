# Plays calls on the real pyxs.xs: reads [handle, method, arguments] from a file of JSON, prints each outcome as JSON.

import json
import os
import sys

import pyxs


class Token(object):
    def __init__(self, name):
        self.name = name


tokens = {}
results = []


def decoded(value):
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "bytes" in value:
        return value["bytes"].encode("latin-1")
    if "result" in value:
        return results[value["result"]]
    return tokens.setdefault(value["token"], Token(value["token"]))


def encoded(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Token):
        return value.name
    if isinstance(value, (list, tuple)):
        return [encoded(item) for item in value]
    return value


handles = {}
for name, method, arguments in json.load(open(sys.argv[1])):
    handle = handles.get(name) or handles.setdefault(name, pyxs.xs())
    outcome, result = None, None
    try:
        result = getattr(handle, method)(*decoded(arguments))
        outcome = encoded(result)
    except pyxs.Error as e:
        outcome = {"error": type(e).__name__, "args": encoded(e.args)}
    except Exception as e:
        outcome = {"exception": type(e).__name__, "message": str(e)}
    results.append(result)
    print(json.dumps(outcome), flush=True)
# Threads of the routers may be waiting.
os._exit(0)
