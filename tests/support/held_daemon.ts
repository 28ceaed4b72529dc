// Holds a daemon until it is killed, and does what its input says: `held_daemon.ts DIRECTORY`.
// "child" starts a process that outlives this one and prints its number; "take" takes every descriptor; "free" gives them
// back; "measure MS" prints how many milliseconds of a processor this process used in that time.

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { connect } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";

const directory = process.argv[2] ?? "";
const daemon = await Daemon.open(join(directory, "store"));
await daemon.listen(join(directory, "socket"));
// Everything is loaded, and the timers and the socket were used, before the descriptors are taken.
{
  await using client = await connect(`unix:${join(directory, "socket")}`);
  await client.list("/");
}
await new Promise((resolve) => setTimeout(resolve, 1));
process.cpuUsage();
// Deno 2.9.6 panics if it first looks for signals without a free descriptor.
process.on("SIGWINCH", () => {});
const taken: number[] = [];
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [order, argument] = line.split(" ");
  if (order === "child") {
    const { pid, stdout } = spawn("sh", ["-c", "echo; exec sleep 1000"], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    // Until it runs, the child has the descriptors that close when it runs.
    await new Promise((resolve) => stdout.once("data", resolve));
    console.log(pid);
  } else if (order === "take") {
    try {
      for (;;) taken.push(openSync("/dev/null", "r"));
    } catch { /* No descriptor is free. */ }
    console.log("taken");
  } else if (order === "free") {
    for (const descriptor of taken.splice(0)) closeSync(descriptor);
    console.log("freed");
  } else {
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, Number(argument)));
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000);
  }
}
