// Programs of others run with our daemon, and print the same as with the C daemon.

import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Daemon } from "../../src/daemon/daemon.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { makeDirectory } from "./process.ts";
import { timeout } from "../support/limits.ts";

const XEN = "/usr/lib/xen-4.17";

/** A store that programs reach over its socket. */
interface Running extends AsyncDisposable {
  readonly socket: string;
  /** Creates a domain that INTRODUCE can name. */
  introduce(domid: number): void;
}

/** The result of a program. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function startReal(): Promise<Running> {
  const store = await startXenstored();
  return { socket: store.socket, introduce: () => {}, [Symbol.asyncDispose]: () => store.stop() };
}

async function startOurs(): Promise<Running> {
  const directory = makeDirectory();
  const daemon = new Daemon();
  const { path } = await daemon.listen(join(directory, "socket"));
  return {
    socket: path,
    introduce: (domid) => daemon.introduceDomain(domid),
    [Symbol.asyncDispose]: async () => {
      await daemon.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Runs a program to its end. Its output is decoded byte by byte. */
function run(store: Running, program: string, ...args: string[]): Promise<Ended> {
  const env = { ...process.env, XENSTORED_PATH: store.socket, PYTHONPATH: `${XEN}/lib/python`, LC_ALL: "C" };
  return new Promise((resolve, reject) => {
    const options = { env, timeout, encoding: "latin1" } as const;
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") return reject(error);
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

function tool(store: Running, mode: string, ...args: string[]): Promise<Ended> {
  return run(store, `/usr/bin/xenstore-${mode}`, ...args);
}

/** Does the same with the C daemon and with our daemon, and returns both results. */
async function withBoth<T>(act: (store: Running) => Promise<T>): Promise<{ real: T; ours: T }> {
  await using real = await startReal();
  await using ours = await startOurs();
  return { real: await act(real), ours: await act(ours) };
}

const LONG = "l".repeat(100);
const NAMES = Array.from({ length: 200 }, (_, i) => `child-of-a-rather-long-name-${i}`);

/** The commands of the tools, in order. */
const commands: readonly (readonly string[])[] = [
  ["rm", "/local"],
  ["ls", "/"],
  ["write", "/t/a", "one"],
  ["write", "/t/b", "two \\001 \\xff \\n\\t\\\\ end", "/t/c/d", ""],
  ["write", "-R", "/t/raw", "a\\nb"],
  ["write", "relative/path", "home"],
  ["write", "/t/long", LONG],
  ["write", "/t/empty", ""],
  ["write", "/t/odd"],
  ["write", "/t/bad.path", "x"],
  ["write", "/t/a", "x", "/t/bad path", "y"],
  ["read", "/t/a"],
  ["read", "/t/a", "/t/b", "/t/empty"],
  ["read", "-p", "/t/a", "/t/raw"],
  ["read", "-R", "/t/b"],
  ["read", "relative/path"],
  ["read", "/local/domain/0/relative/path"],
  ["read", "/none"],
  ["read", "/t/a", "/none", "/t/b"],
  ["read", "/t/"],
  ["exists", "/t/a"],
  ["exists", "/t/a", "/none"],
  ["exists", "/"],
  ["list", "/t"],
  ["list", "-p", "/t", "/t/c"],
  ["list", "/none"],
  ["list", "/t/empty"],
  ["chmod", "/t/a", "n0", "r3", "b4"],
  ["chmod", "/t/b", "r", "w7"],
  ["chmod", "-r", "/t/c", "b0", "n2"],
  ["chmod", "-u", "/t/c/d", "r0"],
  ["chmod", "/t/a", "x0"],
  ["chmod", "/none", "n0"],
  ["ls"],
  ["ls", "-f", "/t"],
  ["ls", "-p", "/t"],
  ["ls", "-f", "-p", "/"],
  ["ls", "/t/a"],
  ["ls", "/none"],
  ["write", ...NAMES.flatMap((name) => [`/many/${name}`, name])],
  ["list", "/many"],
  ["ls", "/many"],
  ["watch", "-n", "1", "/t"],
  ["watch", "-n", "3", "/t", "/none", "@releaseDomain"],
  ["watch", "-n", "1", "/t/"],
  ["rm", "/t/a"],
  ["rm", "/t/a"],
  ["rm", "/none/at/all"],
  ["rm", "-t", "/t/c/d"],
  ["rm", "/t/b", "/t/bad.path"],
  ["rm", "/t", "/many"],
  ["rm", "/"],
  ["ls", "-p"],
];

/** A program with the C library's Python binding. */
const BINDING = `
import json, threading
from xen.lowlevel import xs
out = lambda *values: print(json.dumps(values, default=lambda value: value.decode("latin1")))
def failing(call, *args):
    try:
        out(call.__name__, call(*args))
    except xs.Error as error:
        out(call.__name__, error.args)
h = xs.xs()
h.rm("", "/local")
h.write("", "/t/a", "one")
h.write("", "/t/b", bytes(range(256)))
h.mkdir("", "/t/c")
out(h.read("", "/t/a"), h.read("", "/t/b"), h.read("", "/none"), h.ls("", "/t"), h.ls("", "/none"))
h.set_permissions("", "/t/a", [{"dom": 0, "read": True}, {"dom": 3, "read": True, "write": True}])
out(h.get_permissions("", "/t/a"), h.get_permissions("", "/t/c"))
failing(h.get_permissions, "", "/none")
failing(h.read, "", "/t/")
failing(h.read, "", "//")
failing(h.write, "", "/t/large", "x" * 5000)
h.write("", "/t/large", "x" * 4000)
out(len(h.read("", "/t/large")))
for i in range(300):
    h.write("", "/many/" + "n" * 40 + str(i), "")
out(len(h.ls("", "/many")), h.ls("", "/many")[::100])
failing(h.rm, "", "/none/at/all")
failing(h.rm, "", "/")
tx = h.transaction_start()
out(tx, h.read(tx, "/t/a"))
h.write(tx, "/t/a", "two")
out(h.read(tx, "/t/a"), h.read("", "/t/a"), h.transaction_end(tx), h.read("", "/t/a"))
tx = h.transaction_start()
h.rm(tx, "/t")
out(h.ls(tx, "/t"), h.transaction_end(tx, 1), h.ls("", "/t"))
tx = h.transaction_start()
h.read(tx, "/t/a")
h.write("", "/t/a", "three")
h.write(tx, "/t/a", "four")
out(h.transaction_end(tx), h.read("", "/t/a"))
failing(h.transaction_end, tx)
failing(h.transaction_end, "ffff")
a, b = object(), object()
h.watch("/t", a)
h.watch("@introduceDomain", b)
failing(h.watch, "/t/", b)
token = {a: "a", b: "b"}
read = lambda: (lambda event: (event[0], token[event[1]]))(h.read_watch())
out(read(), read())
h.write("", "/t/a", "five")
out(read())
h.introduce_domain(7, 1, 5)
out(read(), h.get_domain_path(7), h.get_domain_path(70))
h.rm("", "/t/c")
out(read())
tx = h.transaction_start()
for path in ["/t/x", "/t/y", "/t/x"]: h.write(tx, path, "")
out(h.transaction_end(tx), read(), read())
h.introduce_domain(8, 1, 6)
out(read())
failing(h.set_target, 8, 7)
failing(h.set_target, 8, 9)
failing(h.resume_domain, 7)
failing(h.resume_domain, 9)
failing(h.release_domain, 8)
failing(h.release_domain, 8)
failing(h.release_domain, 0)
failing(h.introduce_domain, 3, 1, 0)
waiting = threading.Thread(target=lambda: out(read()))
waiting.start()
h.write("", "/t/a", "six")
waiting.join()
h.unwatch("/t", a)
h.unwatch("@introduceDomain", b)
failing(h.unwatch, "/t", a)
out(h.check_watch(), h.ls("", "/"))
h.close()
`;

/** A program with pyxs, the client in pure Python. */
const PYXS = `
import json, sys
import pyxs
out = lambda *values: print(json.dumps(values, default=lambda value: value.decode("latin1")))
def failing(call, *args):
    try:
        out(call.__name__, call(*args))
    except pyxs.PyXSError as error:
        out(call.__name__, type(error).__name__, error.args)
with pyxs.Client(unix_socket_path=sys.argv[1]) as c:
    c.delete(b"/local")
    c[b"/t/a"] = b"one"
    c.write(b"/t/b", b"two")
    c.mkdir(b"/t/c")
    out(c[b"/t/a"], c.list(b"/t"), c.exists(b"/t/b"), c.exists(b"/none"), c.read(b"/none", b"default"))
    failing(c.read, b"/none")
    failing(c.read, b"/t/")
    failing(c.delete, b"/none/at/all")
    out(c.get_perms(b"/t/a"))
    c.set_perms(b"/t/a", [b"b0", b"n0", b"r3"])
    out(c.get_perms(b"/t/a"), list(c.walk(b"/t")))
    c.introduce_domain(7, 1, 5)
    out(c.is_domain_introduced(7), c.is_domain_introduced(9), c.get_domain_path(999))
    c.transaction()
    c.write(b"/t/a", b"two")
    out(c.read(b"/t/a"))
    c.rollback()
    out(c.read(b"/t/a"))
    c.transaction()
    c.read(b"/t/a")
    c.write(b"/t/a", b"three")
    out(c.commit(), c.read(b"/t/a"))
    failing(c.execute_command, 7, b"T\\x00")
    with c.monitor() as m:
        m.watch(b"/t", b"token")
        m.watch(b"@releaseDomain", b"special")
        events = m.wait()
        out(next(events), next(events))
        c.write(b"/t/a", b"four")
        out(next(events))
        c.delete(b"/t/b")
        out(next(events))
        m.unwatch(b"/t", b"token")
    c.delete(b"/t")
    out(c.list(b"/"))
`;

withPeers("other people's programs", () => {
  describe("programs of others and our daemon", () => {
    test("the xenstore-* tools print the same with our daemon as with the C daemon", async () => {
      const { real, ours } = await withBoth(async (store) => {
        const ended: [string, Ended][] = [];
        for (const [mode = "", ...args] of commands) {
          ended.push([`xenstore-${mode} ${args.join(" ").slice(0, 60)}`, await tool(store, mode, ...args)]);
        }
        return ended;
      });
      for (const [i, [command, ended]] of ours.entries()) assertEquals(ended, real[i]?.[1], command);
      assertEquals(ours.filter(([, { code }]) => code === 0).length > commands.length / 2, true);
    });

    test("xenstore-watch reports changes of others", async () => {
      await using store = await startOurs();
      const watching = tool(store, "watch", "-n", "3", "/t");
      let ended = false;
      void watching.finally(() => ended = true);
      // The watch is set after its first event, so changes follow until the tool has seen two.
      while (!ended) await tool(store, "write", "/t/x", "1");
      assertEquals(await watching, { code: 0, stdout: "/t\n/t/x\n/t/x\n", stderr: "" });
    });

    test("test-xenstore passes with our daemon", async () => {
      const { real, ours } = await withBoth((store) => run(store, `${XEN}/bin/test-xenstore`, "-i", "50"));
      const names = (printed: string): string[] =>
        printed.trimEnd().split("\n").map((line) => line.split(":")[0] ?? "");
      assertEquals([ours.code, ours.stderr, names(ours.stdout)], [0, "", names(real.stdout)]);
      assertEquals(names(ours.stdout).length, 12);
    });

    test("test-xenstore passes with random requests of four processes concurrently", async () => {
      await using store = await startOurs();
      const all = Array.from({ length: 4 }, () => run(store, `${XEN}/bin/test-xenstore`, "-r", "2"));
      for (const { code, stderr } of await Promise.all(all)) assertEquals([code, stderr], [0, ""]);
    });

    test("xen.lowlevel.xs gets the same answers from our daemon as from the C daemon", async () => {
      const { real, ours } = await withBoth((store) => run(store, "/usr/bin/python3", "-c", BINDING));
      assertEquals(ours.stdout.split("\n"), real.stdout.split("\n"));
      assertEquals([ours.code, ours.stderr, real.code], [0, "", 0]);
      assert(ours.stdout.length > 1000);
    });

    test("pyxs gets the same answers from our daemon as from the C daemon", async () => {
      const { real, ours } = await withBoth((store) => run(store, "/usr/bin/python3", "-c", PYXS, store.socket));
      assertEquals(ours.stdout.split("\n"), real.stdout.split("\n"));
      assertEquals([ours.code, ours.stderr, real.code], [0, "", 0]);
    });

    test("xenstore-control gets the same answers as from the C daemon, except those that depend on the version", async () => {
      const control = (store: Running, ...args: string[]) => run(store, `${XEN}/bin/xenstore-control`, ...args);
      const same = [
        ["check"],
        ["print", "a line"],
        ["log", "on"],
        ["log", "off"],
        ["log", "sometimes"],
        ["quota", "7"],
        ["quota", "set", "nodes", "500"],
        ["quota", "set", "nodes", "0"],
        ["quota", "set", "nosuch", "5"],
        ["quota-soft", "set", "memory", "5000000"],
        ["quota-soft", "set", "nodes", "5"],
        ["help", "me"],
      ];
      const { real, ours } = await withBoth(async (store) => {
        const ended: unknown[] = [];
        for (const args of same) {
          const { code, stdout } = await control(store, ...args);
          // After an unknown error the tool prints the help, which depends on the version.
          ended.push([args, code, stdout.split("\n")[0]]);
        }
        return ended;
      });
      assertEquals(ours, real);

      await using store = await startOurs();
      store.introduce(7);
      const printed: Record<string, RegExp> = {
        "help": /^check.*\nlog .*\nmemreport.*\nprint .*\nquota .*\nquota-soft .*\nhelp/,
        "quota": /^Quota settings:\nnodes {12}: {5}1000 Nodes per domain\nwatches/,
        "quota-soft": /^Quota settings:\nmemory {11}: {2}2097152 /,
        "quota 7": /^Domain 7:\nnodes/,
        "quota max": /^Max. seen accounting values:\nnodes/,
        "log": /^Log switch settings:\n/,
        "memreport": /^nodes +: +7 /,
      };
      for (const [command, pattern] of Object.entries(printed)) {
        const { code, stdout, stderr } = await control(store, ...command.split(" "));
        assertEquals([code, stderr], [0, ""], command);
        assertMatch(stdout, pattern);
      }
      for (const command of ["nosuch", "logfile /dev/null"]) {
        const { code, stdout, stderr } = await control(store, ...command.split(" "));
        assertEquals([command, code], [command, 3]);
        assertMatch(stdout + stderr, /^Command not supported\. Valid commands are:\ncheck/);
      }
      const update = await control(store, "live-update", process.execPath);
      assertEquals(update.code, 3);
    });
  });
});
