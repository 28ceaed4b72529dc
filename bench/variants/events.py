# Events of a watch by a peer. Arguments: the peer, the writer, count, the daemon's process id. As in events.ts.

import glob
import json
import subprocess
import sys
import time

WARM_UP = 10000
peer, writer, count, daemon = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]


def daemon_cpu():
    """Microseconds of CPU time that the daemon's threads have used."""
    used = 0
    for path in glob.glob("/proc/%s/task/*/schedstat" % daemon):
        with open(path) as file:
            used += int(file.read().split()[0])
    return used / 1000


def until_end(next_path, count):
    process = subprocess.Popen(["/usr/bin/python3", writer, str(count)])
    events = 1
    while next_path() not in ("/bench/watched/end", b"/bench/watched/end"):
        events += 1
    if process.wait() != 0:
        sys.exit("the writer failed")
    return events


def xen_lowlevel_xs(count):
    store.watch("/bench/watched", "token")
    store.read_watch()
    events = until_end(lambda: store.read_watch()[0], count)
    store.unwatch("/bench/watched", "token")
    return events


def pyxs_monitor(count):
    with store.monitor() as monitor:
        monitor.watch(b"/bench/watched", b"token")
        waiting = monitor.wait()
        next(waiting)
        return until_end(lambda: next(waiting)[0], count)


def measure(take):
    take(min(count, WARM_UP))
    own, others, start = time.process_time(), daemon_cpu(), time.perf_counter()
    events = take(count)
    us = (time.perf_counter() - start) * 1e6 / events
    client = (time.process_time() - own) * 1e6 / events
    print(json.dumps({"events": events, "us": us, "client": client, "daemon": (daemon_cpu() - others) / events}))


if peer == "pyxs":
    import pyxs

    with pyxs.Client() as store:
        measure(pyxs_monitor)
else:
    import xen.lowlevel.xs

    store = xen.lowlevel.xs.xs()
    measure(xen_lowlevel_xs)
