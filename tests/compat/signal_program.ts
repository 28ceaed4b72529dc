// What programs do with signals while they block: `MODE ADDRESS TRANSPORT`. Prints what happens, line by line.

import { readSync, writeSync } from "node:fs";
import process from "node:process";
import { Client, PyXSError } from "../../compat/pyxs.ts";
import { Error as XsError, xs } from "../../compat/xs.ts";

const [, , mode = "", address = "", transport = ""] = process.argv;
const print = (line: string): void => void writeSync(1, `${line}\n`);
const options = { address, ...(transport === "" ? {} : { transport: transport as "worker" }) };
const h = xs(options);
let handled = 0;
const onSignal = (run: (name: string) => void): void => {
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    process.on(name, () => {
      handled++;
      run(name);
    });
  }
};
/** From the first call on, signals are noticed. */
const ready = (): void => {
  h.read("0", "/a");
  print("ready");
};

const modes: Readonly<Record<string, () => void | Promise<void>>> = {
  /** A loop of calls, whose handler exits. */
  loop() {
    onSignal((name) => {
      print(name);
      process.exit(7);
    });
    ready();
    for (;;) h.read("0", "/a");
  },
  /** A loop of calls until a handler has set a flag, and then the event loop. */
  async flag() {
    onSignal(() => {});
    ready();
    while (handled === 0) h.read("0", "/a");
    await new Promise((resolve) => setTimeout(resolve, 50));
    print(`handled ${handled}`);
    process.exit(0);
  },
  /** A wait without end, whose handler throws. */
  wait() {
    onSignal(() => {
      throw new Error("thrown by the handler");
    });
    ready();
    try {
      h.read_watch();
    } catch (error) {
      print(`${error instanceof Error && error.message}, ${h.read("0", "/empty") === ""}`);
    }
    process.exit(0);
  },
  /** A wait with an end, whose handler uses the handle and whose wait goes on. */
  timed() {
    onSignal(() => void h.read("0", "/events1"));
    h.watch("/event", "token");
    ready();
    print(`${h.wait_watch(600)} ${h.read_watch()[0]}`);
    process.exit(0);
  },
  /** A wait whose handler closes the handle. */
  close() {
    onSignal(() => void h.close());
    ready();
    try {
      h.read_watch();
    } catch (error) {
      print(`${error instanceof XsError && error.args[0]}`);
    }
    process.exit(0);
  },
  /** A pyxs monitor that waits, and a loop of a client's calls. */
  pyxs() {
    const c = new Client(options);
    const m = c.monitor();
    m.watch("/event", "token");
    onSignal(() => void c.read("/events1"));
    ready();
    print(`${m.wait().next().value?.path}`);
    while (handled === 1) c.read("/a");
    print(`handled ${handled}`);
    process.exit(0);
  },
  /** Calls whose signal comes after the last of them. */
  late() {
    onSignal((name) => {
      print(name);
      process.exit(7);
    });
    ready();
    // The end of the standard input tells that the signal was sent.
    for (;;) {
      try {
        return void readSync(0, new Uint8Array(1));
      } catch {
        // The runtime made the descriptor one that does not wait.
      }
    }
  },
  /** A loop of calls, after which the handler of another signal runs on the event loop. */
  async others() {
    let others = 0;
    process.on("SIGWINCH", () => others++);
    onSignal(() => {});
    ready();
    while (handled === 0) {
      process.kill(process.pid, "SIGWINCH");
      h.read("0", "/a");
    }
    const before = others;
    await new Promise((resolve) => setTimeout(resolve, 50));
    print(`${before} ${others > 0} ${handled}`);
    process.exit(0);
  },
  /** No handler, in a loop of calls, and in a wait. */
  "no handler": () => {
    ready();
    for (;;) h.read("0", "/a");
  },
  "no handler, waiting": () => {
    ready();
    h.read_watch();
  },
  /** The handler is removed during the calls. */
  removed() {
    const handler = (): void => print("must not be called");
    process.on("SIGTERM", handler);
    h.read("0", "/b");
    process.off("SIGTERM", handler);
    ready();
    for (;;) h.read("0", "/a");
  },
  /** Only Deno's own API has the handler. */
  async deno() {
    const { Deno } = globalThis as unknown as {
      readonly Deno: { addSignalListener(name: string, run: () => void): void };
    };
    Deno.addSignalListener("SIGTERM", () => {
      print("handled by Deno");
      process.exit(7);
    });
    ready();
    try {
      for (;;) h.read("0", "/a");
    } catch (error) {
      print(`${error instanceof XsError && error.args.join(" ")}`);
    }
    const c = new Client(options);
    if (handled > 0) throw new PyXSError("never");
    c.close();
    await new Promise((resolve) => setTimeout(resolve, 10_000));
  },
};

await modes[mode]?.();
