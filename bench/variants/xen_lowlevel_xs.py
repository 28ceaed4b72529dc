# The C binding, one request after another. Arguments: mode, count, count to warm up, or lists of them with commas; for
# some, how many nodes there are.

import json
import sys
import time

import xen.lowlevel.xs

store = xen.lowlevel.xs.xs()


def read(count):
    for _ in range(count):
        store.read("", "/bench/value")


def write(count):
    for _ in range(count):
        store.write("", "/bench/written", "hello")


def transaction(count):
    for _ in range(count):
        store.transaction_end(store.transaction_start())


def modify(count):
    for _ in range(count):
        while True:
            handle = store.transaction_start()
            before = store.read(handle, "/bench/count")
            store.write(handle, "/bench/count", str(int(before) + 1))
            if store.transaction_end(handle):
                break


def watch(count):
    store.watch("/bench/watched", "token")
    store.read_watch()
    for i in range(count):
        store.write("", "/bench/watched/%d" % i, "1")
    for _ in range(count):
        store.read_watch()
    store.unwatch("/bench/watched", "token")


def prepare(_):
    store.write("", "/bench/value", "hello")
    store.write("", "/bench/count", "0")


def make(count):
    for _ in range(count):
        store.mkdir("", "/bench/made")
        store.rm("", "/bench/made")


def read_any(count):
    for i in range(count):
        store.read("", node_path(i * 7919 % nodes))


def write_any(count):
    for i in range(count):
        store.write("", node_path(i * 7919 % nodes), "hello")


# As in nodes.ts.
def node_path(i):
    where = "flat" if i % 4 == 0 else "tree/%d/%d" % (i // 320, i // 16)
    return "/bench/nodes/%s/%d" % (where, i)


def grow_children(count):
    for _ in range(count):
        for i in range(nodes):
            store.write("", "/bench/children/%d/%d" % (nodes, i), "hello")


def write_child(count):
    for _ in range(count):
        store.write("", "/bench/children/%d/%d" % (nodes, nodes // 2), "hello")


def make_child(count):
    for _ in range(count):
        store.mkdir("", "/bench/children/%d/made" % nodes)
        store.rm("", "/bench/children/%d/made" % nodes)


# One after another, since a daemon need not make directories of any depth in one request.
def grow_deep(count):
    for _ in range(count):
        for i in range(nodes):
            store.write("", "/bench/depth" + "/d" * (i + 1), "hello")


def read_deep(count):
    path = "/bench/depth" + "/d" * nodes
    for _ in range(count):
        store.read("", path)


def write_deep(count):
    path = "/bench/depth" + "/d" * nodes
    for _ in range(count):
        store.write("", path, "hello")


def grow_bytes(count):
    write_bytes(count)


def read_bytes(count):
    for _ in range(count):
        store.read("", "/bench/bytes/%d" % nodes)


def write_bytes(count):
    value = "x" * nodes
    for _ in range(count):
        store.write("", "/bench/bytes/%d" % nodes, value)


nodes = int(sys.argv[4]) if len(sys.argv) > 4 else 0
names = sys.argv[1].split(",")
counts, warm_ups = (list(map(int, argument.split(","))) for argument in sys.argv[2:4])
result = {}
for name, count, warm_up in zip(names, counts, warm_ups, strict=True):
    run = globals()[name]
    run(warm_up)
    start = time.perf_counter()
    run(count)
    result["us" if len(names) == 1 else name] = (time.perf_counter() - start) * 1e6 / count
print(json.dumps(result))
