# pyxs, one request after another. Arguments: mode, count, count to warm up; or "walk" and where from.

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


with pyxs.Client() as store:
    if sys.argv[1] == "walk":
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
