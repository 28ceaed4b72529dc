// A thread waits for events forever, in a process that ends nevertheless. Arguments: the transport, and how the process
// ends.

import { once } from "node:events";
import process from "node:process";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { type BlockingKind, xs } from "../../../compat/xs.ts";

const [, , kind, how] = process.argv;
const h = xs({ transport: kind as BlockingKind });

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), execArgv: [] });
  const [path] = await once(worker, "message");
  // The value that the thread reads before it waits again.
  h.write("0", "/thread", "1");
  console.log(h.transport, path);
  if (how === "terminate") await worker.terminate();
  else if (how === "exit") process.exit(0);
  else worker.unref();
} else {
  // The number of repetitions after which a runtime optimizes the function.
  for (let i = 0; i < 20_000; i++) h.read("0", "/thread");
  h.watch("/thread", null);
  parentPort?.postMessage(h.read_watch()[0]);
  for (;;) h.read_watch();
}
