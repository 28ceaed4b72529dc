// Answers questions for the values below a node on a socket: a loop watches the node, and SIGTERM ends the program.
// Usage: lookup.ts NODE SOCKET

import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { xs } from "tsxs/xs";

const [node = "", path = ""] = process.argv.slice(2);
const READY = node + "-ready";
const values = new Map<string, string>();

function handle(socket: Socket): void {
  createInterface({ input: socket }).on("line", (line) => {
    const name = line.trim();
    socket.write(`${values.get(name) ?? "unknown"}\n`);
  });
}

function changed(h: xs, path: string): void {
  if (path === node) {
    for (const name of (h.ls("0", node) || []).sort()) {
      changed(h, node + "/" + name);
    }
    return;
  }
  const name = path.slice(node.length + 1);
  const value = h.read("0", path);
  if (value === null) {
    values.delete(name);
    console.log(`${name} is gone`);
  } else {
    values.set(name, value);
    console.log(`${name} is ${value}`);
  }
}

// The thread: the server and the signal handler run while the loop waits.
async function watcher(): Promise<void> {
  const h = xs();
  h.watch(node, "values");
  for await (const [path] of h) {
    changed(h, path);
  }
}

// The loop of the server is the event loop, so that the end of the program is a promise.
const stop = new Promise<void>((resolve) => process.on("SIGTERM", () => resolve()));

const h = xs();
void watcher();
const server = createServer(handle);
server.listen(path, () => h.write("0", READY, path));
await stop;

server.close();
rmSync(path, { force: true });
h.rm("0", READY);
h.close();
console.log("stopped");
// A daemon thread ends with the program, and so do the loop and the connections.
process.exit();
