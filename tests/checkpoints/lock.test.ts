// The lock of a storage: its owner, whether the owner runs, and how the lock is broken.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointError, CheckpointStorage, LockedStorageError, type LockOwner } from "../../src/checkpoints/mod.ts";
import { encodeHeader } from "../../src/checkpoints/format.ts";
import { stateOf, thisOwner } from "../../src/checkpoints/owner.ts";
import { bytes } from "../support/bytes.ts";
import { commandOf } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

const holder = fileURLToPath(new URL("holder.ts", import.meta.url));

function withStorage(run: (storage: CheckpointStorage) => Promise<void>): Promise<void> {
  return inDirectory(async (base) => await run(await CheckpointStorage.create(base)));
}

/** Writes the next file of an owner, as a process that was killed leaves it. */
function lock(storage: CheckpointStorage, changes: Partial<LockOwner>): LockOwner {
  const owner = { ...thisOwner(), ...changes };
  writeFileSync(`${storage.file}.next`, encodeHeader(owner));
  return owner;
}

function lockedBy(storage: CheckpointStorage): Promise<LockedStorageError> {
  return assertRejects(() => storage.save(new Uint8Array(1)), LockedStorageError);
}

/** Something that happens once. */
function event(): { readonly happened: Promise<void>; happen(): void } {
  let happen = (): void => {};
  const happened = new Promise<void>((resolve) => happen = resolve);
  return { happened, happen: () => happen() };
}

/** The process id of a process that has ended. */
function endedProcess(): Promise<number> {
  const child = spawn("true");
  return new Promise((resolve) => child.on("close", () => resolve(child.pid ?? 0)));
}

describe("a locked storage", () => {
  test("a second save rejects with the owner and the age of the first, which succeeds", () =>
    withStorage(async (storage) => {
      let error: LockedStorageError | null = null;
      async function* content(): AsyncGenerator<Uint8Array, void, void> {
        yield bytes("first");
        error = await lockedBy(storage);
        await assertRejects(() => storage.breakLock(), LockedStorageError, "wait until it has saved");
      }
      await storage.save(content());
      assertEquals(await storage.load(), bytes("first"));
      const { owner, state, age, code, fault, file, name, message } = error as unknown as LockedStorageError;
      assertEquals([state, code, fault, name], ["alive", "EBUSY", "locked", "LockedStorageError"]);
      assertEquals(file, `${storage.file}.next`);
      assert(age >= 0 && age < 300_000, `${age}`);
      assertEquals(owner?.process, process.pid);
      assertEquals({ ...owner, time: "" }, { ...thisOwner(), time: "" });
      for (const part of [`process ${process.pid}`, owner?.host, owner?.boot, owner?.time, `"${file}"`]) {
        assert(part !== undefined && part !== null && message.includes(part), `${part} in ${message}`);
      }
    }));

  test("the lock of a killed process names it, and breakLock() removes it", () =>
    withStorage(async (storage) => {
      await storage.save(bytes("older"));
      const [executable = "", ...rest] = commandOf(holder);
      const child = spawn(executable, [...rest, storage.location], { stdio: ["ignore", "pipe", "inherit"] });
      const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
      await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
      const alive = await lockedBy(storage);
      assertEquals([alive.state, alive.owner?.process], ["alive", child.pid]);
      await assertRejects(() => storage.breakLock(), LockedStorageError);
      child.kill("SIGKILL");
      await closed;
      const dead = await lockedBy(storage);
      assertEquals([dead.state, dead.owner?.process], ["dead", child.pid]);
      assert(dead.message.includes("the process has ended: call breakLock()"), dead.message);
      assertEquals(await storage.load(), bytes("older"));
      assertEquals([await storage.breakLock(), await storage.breakLock()], [true, false]);
      await storage.save(bytes("new"));
      assertEquals(await storage.load(), bytes("new"));
    }));

  test("breakLock() removes the lock of a live owner only with force", () =>
    withStorage(async (storage) => {
      lock(storage, {});
      await assertRejects(() => storage.breakLock(), LockedStorageError);
      await assertRejects(() => storage.breakLock({ force: false }), LockedStorageError);
      assert(existsSync(`${storage.file}.next`));
      assert(await storage.breakLock({ force: true }));
    }));

  test("a save whose lock is broken rejects, and leaves the checkpoint and the lock of the next owner alone", () =>
    withStorage(async (storage) => {
      await storage.save(bytes("older"));
      const [started, mayEnd, failed] = [event(), event(), event()];
      const first = storage.save((async function* () {
        yield bytes("first");
        started.happen();
        await mayEnd.happened;
      })());
      await started.happened;
      assert(await storage.breakLock({ force: true }));
      const second = storage.save((async function* () {
        yield bytes("second");
        mayEnd.happen();
        await failed.happened;
      })());
      const error = await assertRejects(() => first, CheckpointError, "another process broke the lock");
      assertEquals([error.fault, error.code, error.file], ["broken-lock", "EBUSY", `${storage.file}.next`]);
      assertEquals(await storage.load(), bytes("older"));
      failed.happen();
      await second;
      assertEquals(await storage.load(), bytes("second"));
    }));

  test("a save whose lock was broken, and is not held again, rejects", () =>
    withStorage(async (storage) => {
      async function* content(): AsyncGenerator<Uint8Array, void, void> {
        yield bytes("first");
        await storage.breakLock({ force: true });
      }
      const error = await assertRejects(() => storage.save(content()), CheckpointError);
      assertEquals([error.fault, await storage.load()], ["broken-lock", null]);
    }));

  test("a clock that jumps changes the age of a lock, and not whether its owner runs", () =>
    withStorage(async (storage) => {
      const started = thisOwner().started;
      for (const [time, isOld] of [["1970-01-01T00:00:00.000Z", true], ["2999-01-01T00:00:00.000Z", false]] as const) {
        lock(storage, { time });
        const alive = await lockedBy(storage);
        assertEquals([alive.state, alive.age > 1e12, isOld || alive.age === 0], ["alive", isOld, true], time);
        await assertRejects(() => storage.breakLock(), LockedStorageError);
        lock(storage, { time, started: (started ?? 0) - 1 });
        const dead = await lockedBy(storage);
        assertEquals(dead.state, started === null ? "alive" : "dead");
        await storage.breakLock({ force: true });
      }
    }));

  test("a lock without the name of an owner is broken only with force", () =>
    withStorage(async (storage) => {
      const next = `${storage.file}.next`;
      const header = encodeHeader(thisOwner());
      for (const content of [...header.keys()].map((length) => header.subarray(0, length))) {
        writeFileSync(next, content);
        utimesSync(next, 1000, 1000);
        const error = await lockedBy(storage);
        assertEquals([error.owner, error.state, error.age > 1e12], [null, "unknown", true]);
        await assertRejects(() => storage.breakLock(), LockedStorageError, "call breakLock() with force");
      }
      assert(await storage.breakLock({ force: true }));
    }));

  test("a lock that is a link is not followed, and force removes the link alone", () =>
    withStorage(async (storage) => {
      const [next, target] = [`${storage.file}.next`, join(storage.location, "target")];
      const header = encodeHeader(thisOwner());
      writeFileSync(target, header);
      symlinkSync(target, next);
      assertEquals((await lockedBy(storage)).owner, null);
      await assertRejects(() => storage.breakLock(), LockedStorageError);
      assert(await storage.breakLock({ force: true }));
      assertEquals([existsSync(next), new Uint8Array(readFileSync(target))], [false, header]);
    }));

  test("a lock that is a directory is removed with force if it is empty", () =>
    withStorage(async (storage) => {
      const next = `${storage.file}.next`;
      mkdirSync(next);
      writeFileSync(join(next, "file"), "");
      assertEquals((await lockedBy(storage)).owner, null);
      const error = await assertRejects(() => storage.breakLock({ force: true }), CheckpointError);
      assertEquals([error.fault, error.code], ["failed", "ENOTEMPTY"]);
      unlinkSync(join(next, "file"));
      await assertRejects(() => storage.breakLock(), LockedStorageError);
      assertEquals([await storage.breakLock({ force: true }), existsSync(next)], [true, false]);
    }));

  test("names that a terminal would obey are no owner", () =>
    withStorage(async (storage) => {
      for (
        const changes of [{ host: "\u001b[2J" }, { time: "now\n" }, { process: -1 }, { process: 1.5 }, { boot: "\n" }]
      ) {
        lock(storage, changes);
        const { owner, message } = await lockedBy(storage);
        assertEquals([owner, /[^\x20-\x7e]/.test(message)], [null, false]);
      }
    }));
});

describe("whether the owner of a lock runs", () => {
  const other = "01234567-89ab-cdef-0123-456789abcdef";
  const own = thisOwner();
  const cases: readonly (readonly [name: string, changes: Partial<LockOwner>, state: string])[] = [
    ["this process is alive", {}, "alive"],
    ["a process of another host is unknown", { host: "other", boot: other }, "unknown"],
    ["a process of this host before its last boot is dead", { boot: other }, "dead"],
    ["a process of this boot is alive after the host got another name", { host: "other" }, "alive"],
    ["a process of another container is unknown", { namespace: "pid:[1]" }, "unknown"],
    ["a process that did not know its container is unknown", { namespace: null }, "unknown"],
    ["a process id that was used again is another process", { started: (own.started ?? 0) - 1 }, "dead"],
    ["a process that did not know its start is alive if its id is", { started: null }, "alive"],
    ["a process of this host that did not know the boot is told by its id", { boot: null }, "alive"],
    ["a process that knew neither host nor boot is unknown", { host: null, boot: null }, "unknown"],
    ["process 1, of another user or not, is alive", { process: 1, started: null }, "alive"],
  ];
  const skip = own.boot === null ? "this system has no id of its boot" : false;
  for (const [name, changes, state] of cases) {
    test(name, { skip }, () => assertEquals(stateOf({ ...own, ...changes }), state));
  }

  test("a process that has ended is dead", async () => {
    assertEquals(stateOf({ ...own, process: await endedProcess() }), "dead");
  });

  test("a process that has ended, and whose parent does not notice, is dead", { skip }, async () => {
    const script = "sh -c 'echo $$' & exec sleep 600";
    const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    try {
      const id = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
      const zombie = { ...own, process: Number(id), started: null };
      while (stateOf(zombie) === "alive") await new Promise((resolve) => setImmediate(resolve));
      assertEquals(stateOf(zombie), "dead");
      assert(existsSync(`/proc/${zombie.process}/stat`));
    } finally {
      child.kill("SIGKILL");
      await closed;
    }
  });
});
