# Runs a command to its end; prints the milliseconds that it took, and those of CPU time that all its threads used.

import json
import os
import sys
import time

start = time.monotonic()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
elapsed = (time.monotonic() - start) * 1000
if status != 0:
    sys.exit(f"{sys.argv[1:]} ended with status {status}")
print(json.dumps({"elapsed": elapsed, "cpu": (usage.ru_utime + usage.ru_stime) * 1000}))
