# pyxs, one request after another. Arguments: mode, count, count to warm up; "walk" and where from; or "domains" and the highest.

import json
import sys
import time

import pyxs


def read(store, count):
    for _ in range(count):
        store.read(b"/bench/value")


def write(store, count):
    for _ in range(count):
        store.write(b"/bench/written", b"hello")


def transaction(store, count):
    for _ in range(count):
        store.transaction()
        store.commit()


def modify(store, count):
    for _ in range(count):
        while True:
            store.transaction()
            before = store.read(b"/bench/count")
            store.write(b"/bench/count", b"%d" % (int(before) + 1))
            if store.commit():
                break


def watch(store, count):
    with store.monitor() as monitor:
        monitor.watch(b"/bench/watched", b"token")
        events = monitor.wait()
        next(events)
        for i in range(count):
            store.write(b"/bench/watched/%d" % i, b"1")
        for _ in range(count):
            next(events)


def value(store, path):
    try:
        return store.read(path)
    except pyxs.PyXSError:
        return None


def children(store, path):
    try:
        return store.list(path)
    except pyxs.PyXSError:
        return []


def domain(store, domid):
    """The nodes that a list of domains of ours reads, but for the check that the domain is still the same."""
    home = b"/local/domain/" + domid
    own = [b"vm", b"name", b"control/shutdown", b"memory/target", b"memory/static-max"]
    own += [b"console/type", b"console/tty", b"console/vnc-port"]
    found = [value(store, home + b"/" + name) for name in own]
    found.append(store.is_domain_introduced(int(domid)))
    found += [value(store, home + b"/cpu/" + cpu + b"/availability") for cpu in children(store, home + b"/cpu")]
    found.append(value(store, b"/libxl/" + domid + b"/type"))
    devices = b"/libxl/" + domid + b"/device"
    for kind in children(store, devices):
        for device in children(store, devices + b"/" + kind):
            for end in b"frontend", b"backend":
                path = value(store, devices + b"/" + kind + b"/" + device + b"/" + end)
                found += [path, value(store, path + b"/state")]
    return found


def domains(store, most):
    # pyxs cannot list a directory that does not fit one reply: it gets the numbers.
    return [domain(store, b"%d" % domid) for domid in range(1, most + 1)]


with pyxs.Client() as store:
    if sys.argv[1] == "domains":
        start = time.perf_counter()
        count = len(domains(store, int(sys.argv[2])))
        print(json.dumps({"ms": (time.perf_counter() - start) * 1e3, "domains": count}))
    elif sys.argv[1] == "walk":
        start = time.perf_counter()
        values = [value for _, value, _ in store.walk(sys.argv[2].encode())]
        milliseconds = (time.perf_counter() - start) * 1e3
        print(json.dumps({"ms": milliseconds, "nodes": len(values), "bytes": sum(map(len, values))}))
    else:
        run = globals()[sys.argv[1]]
        count = int(sys.argv[2])
        run(store, int(sys.argv[3]))
        start = time.perf_counter()
        run(store, count)
        print(json.dumps({"us": (time.perf_counter() - start) * 1e6 / count}))
