# Writes below a watched node, 64 in flight, and then the last one, below "end". Argument: how many.

import os
import socket
import struct
import sys

IN_FLIGHT = 64
NODES = 4096
WRITE = 11
HEADER = struct.Struct("<IIII")

count = int(sys.argv[1])
store = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
store.connect(os.environ["XENSTORED_PATH"])
replies = store.makefile("rb", 65536)


def request(path):
    payload = path + b"\0" + b"1"
    return HEADER.pack(WRITE, 1, 0, len(payload)) + payload


paths = [b"/bench/watched/%d" % (i % NODES) for i in range(count - 1)] + [b"/bench/watched/end"]
for start in range(0, count, IN_FLIGHT):
    batch = paths[start:start + IN_FLIGHT]
    store.sendall(b"".join(map(request, batch)))
    for _ in batch:
        kind, _, _, length = HEADER.unpack(replies.read(HEADER.size))
        replies.read(length)
        if kind != WRITE:
            sys.exit("a write failed")
