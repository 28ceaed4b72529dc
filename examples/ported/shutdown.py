# Does what a guest's agent does: waits to be told to shut down or to answer, says that it heard, and stops at "poweroff".
# Usage: shutdown.py HOME

import sys

from xen.lowlevel.xs import xs


class Control:
    def __init__(self, path, answer):
        self.path, self.answer = path, answer


home = sys.argv[1]
h = xs()
controls = [
    Control(home + "/control/shutdown", lambda value: value),
    Control(home + "/control/ping", lambda value: None),
]
for control in controls:
    h.watch(control.path, control)
h.write("0", home + "/control/feature-poweroff", "1")

reason = None
while reason != "poweroff":
    path, control = h.read_watch()
    value = h.read("0", control.path)
    if not value:
        continue
    value = value.decode()
    h.write("0", control.path, "")
    print("%s: %s" % (path[len(home):], value))
    reason = control.answer(value)

for control in controls:
    h.unwatch(control.path, control)
h.rm("0", home + "/control/feature-poweroff")
h.close()
