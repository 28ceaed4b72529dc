# Hands out numbers to names: each name gets one, once, however many programs ask at a time.
# Usage: registry.py NAME...

import sys

from xen.lowlevel.xs import Error, xs

BASE = "/tool/registry"


def number_of(h, name):
    while True:
        t = h.transaction_start()
        try:
            known = h.read(t, "%s/names/%s" % (BASE, name))
            if known is not None:
                h.transaction_end(t, 1)
                return int(known)
            number = int(h.read(t, BASE + "/next") or 1)
            h.write(t, "%s/names/%s" % (BASE, name), str(number))
            h.write(t, BASE + "/next", str(number + 1))
        except Error:
            h.transaction_end(t, abort=1)
            raise
        if h.transaction_end(t):
            return number


h = xs()
try:
    h.mkdir("0", BASE)
    h.set_permissions("0", BASE, [{"dom": 0}, {"dom": 7, "read": 1}])
    for name in sys.argv[1:]:
        try:
            print("%s has %d" % (name, number_of(h, name)))
        except Error as e:
            print("%s has none: %d %s" % (name, e.args[0], e.args[1]))
    for perm in h.get_permissions("0", BASE):
        print("domain %d may read: %d, write: %d" % (perm["dom"], perm["read"], perm["write"]))
    print("names: %s" % ", ".join(sorted(h.ls("0", BASE + "/names") or [])))
finally:
    h.close()
