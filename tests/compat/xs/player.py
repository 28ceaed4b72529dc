# Plays a script of calls on the real xen.lowlevel.xs. Arguments: the script, the daemon's process id, "text" or "bytes".

import json
import os
import select
import signal
import sys
import time

import xen.lowlevel.xs as binding

script, daemon, values = sys.argv[1], int(sys.argv[2]), sys.argv[3]


class Token:
    pass


handles = {}
saved = {}
tokens = {}
literals = {}


def decode(value):
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "dict":
        return {key: decode(item) for key, item in content.items()}
    if kind == "token":
        return tokens.setdefault(content, Token())
    return {
        "ref": lambda: saved.get(content, ""),
        "bytes": lambda: bytes.fromhex(content),
        "view": lambda: memoryview(bytes.fromhex(content)),
        "float": lambda: float(content),
        "int": lambda: int(content),
        "tuple": lambda: tuple(decode(item) for item in content),
    }[kind]()


def show(value):
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return "int %d" % value
    if isinstance(value, str):
        return "str " + json.dumps(value)
    if isinstance(value, bytes):
        if values == "text":
            return "str " + json.dumps(value.decode("utf-8", "surrogateescape"))
        return "bytes " + value.hex()
    if isinstance(value, tuple):
        return "(%s)" % ", ".join(map(show, value))
    if isinstance(value, list):
        return "[%s]" % ", ".join(map(show, value))
    if isinstance(value, dict):
        return "{%s}" % ", ".join("%s: %s" % (key, show(item)) for key, item in value.items())
    for name, token in tokens.items():
        if token is value:
            return "token " + name
    return type(value).__name__


def attempt(call):
    try:
        return show(call())
    except binding.Error as error:
        return "Error %d %s, str %s" % (*error.args, error)
    except Exception as error:
        return "%s %s" % (type(error).__name__, error)


# All messages that the store sent before a reply have arrived with the reply. Each event counts once: the daemon does not
# repeat an event that is still unsent, which depends on the timing.
def drain(handle):
    seen = [attempt(lambda: handle.get_domain_path(0))]
    while seen[-1] != "None" and len(seen) < 1000:
        seen.append(attempt(handle.check_watch))
    return list(dict.fromkeys(seen))


def has_ended(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            # Its sockets are closed when its last thread has ended.
            return file.read().rsplit(")", 1)[1].split()[0] == "Z" and len(os.listdir("/proc/%d/task" % pid)) == 1
    except OSError:
        return True


# Returns after libxenstore has noticed the end. Its threads, which read events, have then received the last events, closed
# their sockets and ended. An earlier call would fail with EPIPE instead of EBADF, and close the socket before the last
# events were read.
def kill():
    os.kill(daemon, signal.SIGKILL)
    while not has_ended(daemon) or len(os.listdir("/proc/self/task")) > 1:
        time.sleep(0.001)


def step(handle, method, args, keywords):
    if method == "xs":
        handles[handle] = binding.xs(*args, **keywords)
        return None
    if method == "kill":
        return kill()
    target = handles[handle]
    if method == "drain":
        return drain(target)
    if method == "select":
        return bool(select.select([target.fileno()], [], [], args[0])[0])
    # Equal texts are one token, because equal literals of a program are one object.
    if method in ("watch", "unwatch") and len(args) > 1 and isinstance(args[1], str):
        args[1] = literals.setdefault(args[1], args[1])
    if method == "fileno":
        first, second = target.fileno(*args), target.fileno()
        return first >= 0 and first == second
    return getattr(target, method)(*args, **keywords)


for number, (handle, method, args, keywords, name) in enumerate(json.load(open(script))):
    result = []

    def call():
        value = step(handle, method, decode(args), {key: decode(item) for key, item in keywords.items()})
        result.append(value)
        return value

    line = attempt(call)
    if name and result:
        saved[name] = result[0]
    print("%d %s.%s(%s) -> %s" % (number, handle, method, json.dumps(args)[:60], line))
