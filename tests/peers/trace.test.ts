// `trace` before the real daemons: the contract, the real tools and Python's clients through it, and replays.

import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openStream } from "../../src/cli/trace/open_stream.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { DOM0 } from "../contract/store.ts";
import { contract } from "../contract/suite.ts";
import { type Ran, run } from "../support/invocation.ts";
import { inDirectory } from "../support/socket.ts";
import { Traced } from "../support/traced.ts";
import { openTraced } from "../support/traced_store.ts";
import { type RealStore, startOxenstored, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

const daemons = [["xenstored", startXenstored], ["oxenstored", startOxenstored]] as const;

/** A program, and its output byte for byte with its status. */
interface Output {
  readonly status: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function output(socket: string, [program = "", ...args]: readonly string[]): Promise<Output> {
  const env = { ...process.env, XENSTORED_PATH: socket, PYTHONPATH: "/usr/lib/xen-4.17/lib/python", LC_ALL: "C" };
  const options = { env, encoding: "latin1" } as const;
  return new Promise((resolve) =>
    execFile(program, args, options, (error, stdout, stderr) => resolve({ status: error?.code ?? 0, stdout, stderr }))
  );
}

const PYTHON = `
import sys
from xen.lowlevel import xs
h = xs.xs()
print(h.write("0", "/tool/t/p", "one"), h.read("0", "/tool/t/p"), h.ls("0", "/tool/t"))
t = h.transaction_start()
print(h.write(t, "/tool/t/q", "two"), h.transaction_end(t))
h.watch("/tool/t", "token")
print(h.read_watch())
print(h.get_permissions("0", "/tool/t/p"))
try:
    h.rm("0", "/tool/t/none")
    print(h.read("0", "/tool/t/none"))
    h.read("0", "bad path")
except xs.Error as error:
    print(error)
h.unwatch("/tool/t", "token")
`;
const PYXS = `
import os
from pyxs import Client, PyXSError
with Client(unix_socket_path=os.environ["XENSTORED_PATH"]) as c:
    c.write(b"/tool/t/y", b"two words")
    print(c.read(b"/tool/t/y"), c.list(b"/tool/t"), c.exists(b"/tool/t/none"))
    c.transaction()
    c.write(b"/tool/t/z", b"1")
    print(c.commit(), c.get_perms(b"/tool/t/z"))
    m = c.monitor()
    m.watch(b"/tool/t", b"token")
    print(next(m.wait()))
    try:
        c.read(b"/tool/t/none")
    except PyXSError as error:
        print(type(error).__name__, error)
`;

/** The command lines of the real tools. A `~` stands for a space. */
const tools = [
  "write /tool/t/a one /tool/t/b two~\\001\\xff /tool/t/c/d/e deep",
  "read /tool/t/a /tool/t/b",
  "read -p /tool/t/b",
  "read /tool/none",
  "list /tool/t",
  "list -p /tool/t",
  "ls -fp /tool",
  "exists /tool/t/a",
  "exists /tool/none",
  "chmod -r /tool/t n0 r5 w7",
  "ls -p /tool/t",
  "watch -n 2 /tool/t @releaseDomain",
  "write bad~path 1",
  "rm -t /tool/t/c/d/e",
  "ls /tool/t",
  "rm /tool/t",
  "ls /tool",
].map((line) => {
  const [name = "", ...args] = line.split(" ").map((word) => word.replaceAll("~", " "));
  return [`/usr/bin/xenstore-${name}`, ...args];
});

/** Runs all programs one after the other on a store. */
async function outputs(socket: string): Promise<Output[]> {
  const all: Output[] = [];
  const programs = [...tools, ["/usr/bin/python3", "-c", PYTHON], ["/usr/bin/python3", "-c", PYXS], ...tools];
  for (const words of programs) all.push(await output(socket, words));
  return all;
}

/** Replays a trace against the store at an address. */
function replay(trace: string, address: string): Promise<Ran> {
  const never = (): never => {
    throw new Error("connected without a stream");
  };
  return run(never, ["tsxs", "-a", address, "trace", "--replay", "t"], { openStream, files: new Map([["t", trace]]) });
}

async function withStore(start: () => Promise<RealStore>, body: (store: RealStore) => Promise<void>): Promise<void> {
  await using store = await start();
  await body(store);
}

withPeers("trace before the real daemons", () => {
  for (const [name, start] of daemons) {
    contract({
      ...DOM0,
      ...name === "oxenstored" ? { valueMax: 2048 } : {},
      name: `${name}, through a trace`,
      open: async () => {
        const store = await start();
        return await openTraced(store.socket, () => store.stop());
      },
    });

    describe(`trace before ${name}`, () => {
      test("the real tools and Python's clients print the same bytes through a trace as without it", async () => {
        let [direct, through]: [Output[], Output[]] = [[], []];
        await withStore(start, async (store) => void (direct = await outputs(store.socket)));
        let trace = "";
        await withStore(start, (store) =>
          inDirectory(async (directory) => {
            const traced = await Traced.start(`unix:${store.socket}`, directory, []);
            through = await outputs(traced.path);
            trace = (await traced.stop()).stdout;
          }));
        assertEquals(through, direct);
        const failed = direct.filter(({ stderr }) => /Error|Traceback|Connection/.test(stderr));
        assertEquals(failed, [], "the programs run");
        for (
          const operation of ["READ", "WRITE", "DIRECTORY", "WATCH", "WATCH_EVENT", "TRANSACTION_END", "SET_PERMS"]
        ) {
          assert(trace.includes(` ${operation} #`), operation);
        }
        assertMatch(trace, /^[\n -~]*$/);
      });
    });
  }

  describe("trace --replay", () => {
    test("a trace of the tools and Python's clients on xenstored is replayed on three stores", async () => {
      let trace = "";
      await withStore(startXenstored, (store) =>
        inDirectory(async (directory) => {
          const traced = await Traced.start(`unix:${store.socket}`, directory);
          await outputs(traced.path);
          trace = (await traced.stop()).stdout;
        }));
      await withStore(startXenstored, async (store) => {
        const { ending, stdout, stderr } = await replay(trace, `unix:${store.socket}`);
        assertEquals([ending, stderr], [0, ""], stdout);
        assertMatch(stdout, /^replayed \d{3,} requests of \d\d connections: 0 differences/);
      });
      await inDirectory(async (directory) => {
        await using daemon = new Daemon();
        const { path } = await daemon.listen(join(directory, "store"));
        const { ending, stdout, stderr } = await replay(trace, `unix:${path}`);
        assertEquals([ending, stderr], [0, ""], stdout);
      });
      await withStore(startOxenstored, async (store) => {
        const { ending, stdout, stderr } = await replay(trace, `unix:${store.socket}`);
        assertEquals([ending, stderr], [1, ""]);
        // Oxenstored writes its own path into the store, and the C daemon writes an empty value.
        const known = /^[\d.]+ \d+ READ #\d+(?: tx \d+)? "\/tool\/xenstored": READ .* = "" -> READ .*\/oxenstored"$/;
        const differences = stdout.split("\n").filter((line) => line !== "" && !known.test(line));
        assertEquals(differences.length, 1, stdout);
        assertMatch(differences[0] ?? "", /^replayed \d{3,} requests of \d\d connections: \d+ differences/);
      });
    });
  });
});
