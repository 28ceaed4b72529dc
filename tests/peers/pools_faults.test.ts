// Pools that are full, hosts that set one state at the same time, hosts that are killed, and chains with a corrupt link.

import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  breakStateLock,
  Hosts,
  IntegrityError,
  LockedStateError,
  parseLocation,
  StateError,
  StateFiles,
  stateLocks,
  TransferOps,
} from "../../src/pools/mod.ts";
import { withLock } from "../../src/pools/locked.ts";
import { verifyState } from "../../src/pools/transfer.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { putState } from "../pools/put_state.ts";
import { commandOf } from "../support/program.ts";

const HOUR = 3_600_000;
const ROUNDS = 15;
const hostFile = fileURLToPath(new URL("pool_host.ts", import.meta.url));
const hosts = new Hosts({ command: () => ["/usr/lib/openssh/sftp-server"] });
after(() => hosts.close());

/** The kinds of locations, by how a directory is named. */
const kinds: readonly (readonly [string, (directory: string) => string])[] = [
  ["a directory", (directory) => directory],
  ["a host over SFTP", (directory) => `ssh://other${directory}`],
];

/** A process that is another host. */
function startHost(...args: readonly string[]): {
  readonly said: Promise<string>;
  readonly ended: Promise<number | null>;
  kill(): void;
} {
  const [executable = "", ...rest] = [...commandOf(hostFile), ...args];
  const child = spawn(executable, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const said = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
    child.once("close", () => reject(new Error("the host has ended")));
  });
  said.catch(() => {});
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { said, ended, kill: () => void child.kill("SIGKILL") };
}

for (const [name, locate] of kinds) {
  describe(`a pool that is ${name}`, () => {
    let directory = "";
    let [cache, pool] = ["", ""];
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "tsxs-faults-"));
      [cache, pool] = [join(directory, "cache"), join(directory, "pool")];
      await mkdir(pool);
    });
    afterEach(() => rm(directory, { recursive: true }));

    const states = (): StateFiles => hosts.states(parseLocation(locate(pool)));
    const of = (state: string) => ({ location: locate(pool), object: "guest", state });
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

    test("and is full refuses a state with ENOSPC, keeps the older one, and takes the new one when there is space", async () => {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", pool]);
      try {
        const ops = new TransferOps(cache, hosts);
        await putState(cache, "clean", null, { "clean.one": bytes("older") });
        await ops.upload(of("clean"));
        await writeFile(join(pool, "other"), new Uint8Array(600_000).fill(1));
        const newer = new Uint8Array(700_000).fill(7);
        await putState(cache, "clean", null, { "clean.one": newer });
        const error = await assertRejects(() => ops.upload(of("clean")), Error);
        assertEquals(codeOf(error), "ENOSPC");
        assertEquals(await readFile(join(pool, "guest/clean.one"), "utf8"), "older");
        const manifest = await states().manifest("guest", "clean");
        assert(manifest !== null);
        await verifyState(states(), manifest);
        assertEquals(await stateLocks(states(), "guest"), []);
        await rm(join(pool, "other"));
        await ops.upload(of("clean"));
        assert((await readFile(join(pool, "guest/clean.one"))).equals(newer));
        assertEquals(await ops.compare(of("clean")), true);
        assertEquals((await readdir(join(pool, "guest"))).sort(), ["clean.one", "clean.state"]);
      } finally {
        execFileSync("umount", ["-l", pool]);
      }
    });

    test("to which two hosts bring one state at the same time always has one of them whole", async () => {
      const started = [1, 2].map((byte) =>
        startHost("upload", `ssh://other${pool}`, join(directory, `host${byte}`), `${byte}`, `${ROUNDS}`)
      );
      let isOver = false;
      const ended = Promise.all(started.map((one) => one.ended)).finally(() => isOver = true);
      const context = { operation: "get", object: "guest", state: "clean" };
      const seen = new Set<number>();
      const look = () =>
        withLock(states(), context, {}, async () => {
          await states().finish("guest", "clean");
          const manifest = await states().manifest("guest", "clean");
          if (manifest === null) return;
          await verifyState(states(), manifest);
          const [one, two] = [
            await readFile(join(pool, "guest/clean.one")),
            await readFile(join(pool, "guest/clean.two")),
          ];
          assert(one.equals(two) && one.every((byte) => byte === one[0]), "files of two states");
          seen.add(one[0] ?? 0);
        });
      while (!isOver) await look();
      assertEquals(await ended, [0, 0]);
      await look();
      assert(seen.size > 0 && [...seen].every((byte) => byte === 1 || byte === 2));
      assertEquals((await readdir(join(pool, "guest"))).sort(), ["clean.one", "clean.state", "clean.two"]);
    });

    test("to which another host brings one state again and again gives it whole to each download", async () => {
      const host = startHost("upload", `ssh://other${pool}`, join(directory, "host"), "1", `${ROUNDS}`);
      let isOver = false;
      const ended = host.ended.finally(() => isOver = true);
      const sizes = new Set<number>();
      for (let round = 0; !isOver; round++) {
        if (!(await states().states("guest")).includes("clean")) continue;
        const fresh = join(directory, `cache${round}`);
        await new TransferOps(fresh, hosts).download(of("clean"));
        const [one, two] = [
          await readFile(join(fresh, "guest/clean.one")),
          await readFile(join(fresh, "guest/clean.two")),
        ];
        assert(one.equals(two), "files of two states");
        sizes.add(one.length);
      }
      assertEquals(await ended, 0);
      assert(sizes.size > 0);
      assertEquals((await readdir(join(pool, "guest"))).sort(), ["clean.one", "clean.state", "clean.two"]);
    });

    for (const [skew, text] of [[HOUR, "an hour ahead"], [-HOUR, "an hour late"]] as const) {
      test(`keeps the lock of a host whose clock is ${text} while it lives, and frees it after it was killed`, async () => {
        await putState(cache, "clean", null, { "clean.one": bytes("newer") });
        await putState(pool, "clean", null, { "clean.one": bytes("older") });
        const host = startHost("hold", `ssh://other${pool}`, cache, "0", `${skew}`);
        assertEquals(await host.said, "holds the lock");
        const now = Date.now();
        const tried = new TransferOps(cache, hosts, { lock: { timeout: 0 } });
        const error = await assertRejects(() => tried.upload(of("clean")), LockedStateError);
        assertEquals(error.lock.isStale, false);
        const since = Date.parse(error.lock.owner?.since ?? "");
        assert(Math.abs(since - now - skew) < HOUR / 2, `the lock says ${error.lock.owner?.since}`);
        host.kill();
        await host.ended;
        assertEquals(await readFile(join(pool, "guest/clean.one"), "utf8"), "older");
        // The times of the protocol have a resolution of one second.
        const times = { heartbeat: 500, stale: 2500, poll: 50 };
        const ops = new TransferOps(cache, hosts, { lock: { times } });
        await ops.upload(of("clean"));
        assertEquals(await readFile(join(pool, "guest/clean.one"), "utf8"), "newer");
        assertEquals(await stateLocks(states(), "guest"), []);
      });
    }

    test("with a corrupt link in a chain gives what is whole, and nothing that depends on the corrupt one", async () => {
      await putState(pool, "a", null, { "a.one": bytes("first") });
      await putState(pool, "b", "a", { "b.one": bytes("second") });
      await putState(pool, "c", "b", { "c.one": bytes("third") });
      const ops = new TransferOps(cache, hosts);
      const manifest = await readFile(join(pool, "guest/b.state"));
      const own = StateFiles.local(cache);
      const damages: readonly (readonly [() => Promise<void>, new (...args: never[]) => Error])[] = [
        [() => writeFile(join(pool, "guest/b.one"), "secoND"), IntegrityError],
        [() => writeFile(join(pool, "guest/b.one"), "sec"), IntegrityError],
        [() => rm(join(pool, "guest/b.one")), IntegrityError],
        [() => writeFile(join(pool, "guest/b.state"), manifest.subarray(0, 20)), IntegrityError],
        [() => rm(join(pool, "guest/b.state")), StateError],
      ];
      for (const [damage, type] of damages) {
        await damage();
        const error = await assertRejects(() => ops.download(of("c")), Error);
        assert(error instanceof type, `${error.name}: ${error.message}`);
        assert((await own.states("guest")).every((state) => state === "a"));
      }
      await writeFile(join(pool, "guest/b.one"), "second");
      await writeFile(join(pool, "guest/b.state"), manifest);
      await ops.download(of("c"));
      assertEquals(await own.states("guest"), ["a", "b", "c"]);
      for (const one of await own.chain({ operation: "get", object: "guest", state: "c" })) await verifyState(own, one);
    });
  });
}

describe("a host over SFTP that stops to answer", () => {
  test("after any number of bytes ends an upload by its signal, and the pool has the older state or the newer one", async () => {
    const directory = await mkdtemp(join(tmpdir(), "tsxs-faults-"));
    try {
      const [cache, pool] = [join(directory, "cache"), join(directory, "pool")];
      const of = { location: `ssh://other${pool}`, object: "guest", state: "clean" };
      for (const count of [60, 200, 300, 500, 800, 1200, 2000]) {
        const server = `/usr/lib/openssh/sftp-server | { head -c ${count}; exec cat >/dev/null; }`;
        const silent = new Hosts({ command: () => ["sh", "-c", server] });
        const reason = new Error(`enough after ${count} bytes`);
        const ends = new AbortController();
        await putState(cache, "clean", null, { "clean.one": new Uint8Array(count).fill(7) });
        const uploading = new TransferOps(cache, silent).upload({ ...of, signal: ends.signal });
        setTimeout(() => ends.abort(reason), 200);
        const error = await uploading.catch((one: unknown) => one);
        assert(error === reason || error === undefined, `${error}`);
        await silent.close();
        const states = hosts.states(parseLocation(of.location));
        for (const { object, state } of await stateLocks(states, "guest")) {
          await breakStateLock(states, { object, state }, { force: true });
        }
        await states.finish("guest", "clean");
        const manifest = await states.manifest("guest", "clean");
        if (manifest !== null) await verifyState(states, manifest);
        await new TransferOps(cache, hosts).upload(of);
        assertEquals((await readFile(join(pool, "guest/clean.one"))).length, count);
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
