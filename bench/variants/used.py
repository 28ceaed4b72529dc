# Runs a command to its end without its output. Prints the milliseconds that it took, those of CPU time that all its threads
# used, and the most memory that it had, in MB.

import json
import os
import sys
import time

start = time.monotonic()
quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(pid, 0)
elapsed = (time.monotonic() - start) * 1000
if status != 0:
    sys.exit(f"{sys.argv[1:]} ended with status {status}")
print(json.dumps({"elapsed": elapsed, "cpu": (usage.ru_utime + usage.ru_stime) * 1000, "peak": usage.ru_maxrss / 1024}))
