# Answers questions for the values below a node on a socket: a thread watches the node, and SIGTERM ends the program.
# Usage: lookup.py NODE SOCKET

import os
import signal
import socketserver
import sys
import threading

from xen.lowlevel.xs import xs

node, path = sys.argv[1], sys.argv[2]
READY = node + "-ready"
values = {}


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            name = line.decode().strip()
            self.wfile.write(("%s\n" % values.get(name, "unknown")).encode())


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def changed(h, path):
    if path == node:
        for name in sorted(h.ls("0", node) or []):
            changed(h, node + "/" + name)
        return
    name = path[len(node) + 1:]
    value = h.read("0", path)
    if value is None:
        values.pop(name, None)
        print("%s is gone" % name, flush=True)
    else:
        values[name] = value.decode()
        print("%s is %s" % (name, values[name]), flush=True)


def watcher():
    h = xs()
    h.watch(node, "values")
    while True:
        path, token = h.read_watch()
        changed(h, path)


def stop(signum, frame):
    # The server's loop runs in this thread, and shutdown() waits for it.
    threading.Thread(target=server.shutdown).start()


h = xs()
threading.Thread(target=watcher, daemon=True).start()
server = Server(path, Handler)
signal.signal(signal.SIGTERM, stop)
h.write("0", READY, path)
server.serve_forever()

server.server_close()
os.unlink(path)
h.rm("0", READY)
h.close()
print("stopped", flush=True)
