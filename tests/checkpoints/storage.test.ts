// Saving and loading the bytes of a checkpoint.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CheckpointError, CheckpointStorage } from "../../src/checkpoints/mod.ts";
import { inDirectory } from "../support/socket.ts";
import { bytes } from "../support/bytes.ts";

/** Runs with a new storage. */
function withStorage(run: (storage: CheckpointStorage, base: string) => Promise<void>): Promise<void> {
  return inDirectory(async (base) => await run(await CheckpointStorage.create(base), base));
}

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* all;
}

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) assert(chunk.length > 0);
}

async function read(storage: CheckpointStorage): Promise<Uint8Array[]> {
  await using checkpoint = await storage.open();
  assert(checkpoint !== null);
  const chunks: Uint8Array[] = [];
  for await (const chunk of checkpoint.chunks()) chunks.push(chunk);
  assertEquals(chunks.reduce((sum, { length }) => sum + length, 0), checkpoint.size);
  return chunks;
}

function text(directory: string, command: string): string {
  return execFileSync("sh", ["-c", command], { cwd: directory, encoding: "utf8" });
}

describe("CheckpointStorage", () => {
  test("load() and open() return null before the first save", () =>
    withStorage(async (storage) => {
      assertEquals([await storage.load(), await storage.open()], [null, null]);
    }));

  for (const size of [0, 1, 2, 95, 4096, 262_143, 262_144, 262_145, 1_500_000]) {
    test(`load() and open() return the ${size} bytes that save() wrote`, () =>
      withStorage(async (storage) => {
        for (const end of [0x0a, 0x00, 0xff]) {
          const content = Uint8Array.from({ length: size }, (_, i) => i === size - 1 ? end : i * 7);
          const { size: saved, checksum, savedBy } = await storage.save(content);
          assertEquals(await storage.load(), content);
          assertEquals(new Uint8Array((await read(storage)).flatMap((chunk) => [...chunk])), content);
          assertEquals([saved, checksum.length, savedBy.process], [size, 64, process.pid]);
        }
      }));
  }

  test("save() replaces the older checkpoint, and leaves one file that its owner alone may read", () =>
    withStorage(async (storage) => {
      const umask = process.umask(0);
      try {
        for (const content of ["one", "another", ""]) await storage.save(bytes(content));
      } finally {
        process.umask(umask);
      }
      assertEquals(await storage.load(), bytes(""));
      assertEquals(readdirSync(storage.location), ["checkpoint.tsxs"]);
      assertEquals((statSync(storage.file).mode & 0o7777).toString(8), "600");
    }));

  test("save() writes the pieces of an async iterable in order, whatever their sizes, and copies them", () =>
    withStorage(async (storage) => {
      async function* reused(): AsyncGenerator<Uint8Array, void, void> {
        const memory = new Uint8Array(1000);
        for (let i = 0; i < 700; i++) yield memory.fill(i).subarray(0, i);
      }
      await storage.save(reused());
      const expected = Array.from({ length: 700 }, (_, i) => new Uint8Array(i).fill(i));
      assertEquals(await storage.load(), new Uint8Array(expected.flatMap((piece) => [...piece])));
      await storage.save(pieces());
      assertEquals(await storage.load(), new Uint8Array(0));
    }));

  test("open() reads the checkpoint that it verified, also after a save and a removal", () =>
    withStorage(async (storage) => {
      await storage.save(new Uint8Array(600_000).fill(1));
      await using checkpoint = await storage.open();
      assert(checkpoint !== null);
      await storage.save(bytes("another"));
      await storage.remove();
      for (let round = 0; round < 2; round++) {
        let size = 0;
        for await (const chunk of checkpoint.chunks()) size += chunk.every((byte) => byte === 1) ? chunk.length : 0;
        assertEquals(size, 600_000);
      }
    }));

  test("an open checkpoint may be closed twice, and rejects to be read after that", () =>
    withStorage(async (storage) => {
      await storage.save(bytes("content"));
      const checkpoint = await storage.open();
      assert(checkpoint !== null);
      await checkpoint[Symbol.asyncDispose]();
      await checkpoint[Symbol.asyncDispose]();
      await assertRejects(() => drain(checkpoint.chunks()), CheckpointError, "the checkpoint is closed");
    }));

  test("chunks() rejects if the file changes in place after it was verified", () =>
    withStorage(async (storage) => {
      await storage.save(new Uint8Array(600_000));
      await using checkpoint = await storage.open();
      const changed = readFileSync(storage.file);
      changed[300_000] = 1;
      writeFileSync(storage.file, changed);
      assert(checkpoint !== null);
      const error = await assertRejects(() => drain(checkpoint.chunks()), CheckpointError, "changed after it was");
      assertEquals(error.fault, "corrupt");
    }));

  test("standard tools show the payload, and compute the checksum", () =>
    withStorage(async (storage) => {
      const { checksum } = await storage.save(bytes('{"path":"/a"}\n{"path":"/b"}\n'));
      const { location } = storage;
      assertEquals(text(location, "sed 1,2d checkpoint.tsxs | head -n -2"), '{"path":"/a"}\n{"path":"/b"}\n');
      assertEquals(text(location, "head -n -1 checkpoint.tsxs | sha256sum"), `${checksum}  -\n`);
      assertEquals(
        text(location, "tail -n 2 checkpoint.tsxs"),
        `length ${"28".padStart(16, "0")}\nsha256 ${checksum}\n`,
      );
      assertEquals(text(location, "head -n 1 checkpoint.tsxs"), "tsxs-checkpoint 1\n");
    }));

  test("a relative location is resolved once, by the constructor", () =>
    inDirectory(async (base) => {
      const before = process.cwd();
      try {
        process.chdir(base);
        mkdirSync("here");
        const storage = new CheckpointStorage("here");
        process.chdir("/");
        await storage.save(bytes("content"));
        assertEquals(storage.file, join(storage.location, "checkpoint.tsxs"));
        assert(existsSync(join(base, "here", "checkpoint.tsxs")));
      } finally {
        process.chdir(before);
      }
    }));

  test("the constructor and create() reject a location that is no path", async () => {
    for (const location of ["", "a\0b", 7, null]) {
      assertThrows(() => new CheckpointStorage(location as string), TypeError);
      await assertRejects(() => CheckpointStorage.create(location as string), TypeError);
    }
  });

  test("save() rejects content that is not bytes, and keeps the older checkpoint", () =>
    withStorage(async (storage) => {
      await storage.save(bytes("older"));
      for (const content of ["text", null, undefined, 7, [1], {}]) {
        const error = await assertRejects(() => storage.save(content as Uint8Array), TypeError);
        assert(error.message.includes("a Uint8Array or an async iterable"), error.message);
      }
      async function* wrong(): AsyncGenerator<Uint8Array, void, void> {
        yield new Uint8Array(1);
        yield "text" as unknown as Uint8Array;
      }
      await assertRejects(
        () => storage.save(wrong()),
        TypeError,
        "a piece of a checkpoint is a Uint8Array: got string",
      );
      assertEquals([await storage.load(), await storage.breakLock()], [bytes("older"), false]);
    }));

  test("save() rejects with the error of its source, ends the source, and keeps the older checkpoint", () =>
    withStorage(async (storage) => {
      await storage.save(bytes("older"));
      const failure = new Error("the source failed");
      async function* failing(): AsyncGenerator<Uint8Array, void, void> {
        yield new Uint8Array(1_000_000);
        throw failure;
      }
      assertEquals(await storage.save(failing()).catch((error) => error), failure);
      assertEquals([await storage.load(), await storage.breakLock()], [bytes("older"), false]);
    }));

  test("every method rejects an unknown option, and names the nearest", () =>
    withStorage(async (storage) => {
      const wrong = { sginal: undefined, froce: true, lagecy: true } as never;
      const calls = [
        () => storage.save(new Uint8Array(0), wrong),
        () => storage.load(wrong),
        () => storage.open(wrong),
        () => storage.breakLock(wrong),
        () => CheckpointStorage.create(storage.location, wrong),
      ];
      for (const call of calls) await assertRejects(call, TypeError, "is unknown: did you mean");
    }));

  test("save() into a directory that does not exist rejects with ENOENT, and so do load() and open()", () =>
    inDirectory(async (base) => {
      const storage = new CheckpointStorage(join(base, "missing"));
      for (const call of [() => storage.save(new Uint8Array(1)), () => storage.load(), () => storage.open()]) {
        const error = await assertRejects(call, CheckpointError);
        assertEquals([error.fault, error.code, error.file], ["failed", "ENOENT", storage.location]);
      }
      assertEquals([await storage.breakLock(), await storage.remove()], [false, false]);
    }));

  test("save() rejects a location that is a link or a file, and one in which all users may replace files", () =>
    withStorage(async (storage, base) => {
      symlinkSync(storage.location, join(base, "link"));
      writeFileSync(join(base, "file"), "");
      mkdirSync(join(base, "open"));
      execFileSync("chmod", ["777", join(base, "open")]);
      for (const name of ["link", "file", "open"]) {
        const error = await assertRejects(
          () => new CheckpointStorage(join(base, name)).save(new Uint8Array(1)),
          CheckpointError,
        );
        assertEquals([error.fault, error.code], ["unsafe", "EPERM"], name);
      }
    }));

  test("load() follows no link, opens no pipe, and reads no directory", () =>
    withStorage(async (storage, base) => {
      const other = await CheckpointStorage.create(base);
      await other.save(bytes("secret"));
      const makes = [
        () => symlinkSync(other.file, storage.file),
        () => execFileSync("mkfifo", [storage.file]),
        () => mkdirSync(storage.file),
      ];
      for (const make of makes) {
        make();
        const error = await assertRejects(() => storage.load(), CheckpointError);
        assertEquals([error.fault, error.file], ["unsafe", storage.file]);
        execFileSync("rm", ["-r", storage.file]);
      }
    }));
});

describe("the signal of a CheckpointStorage", () => {
  test("an aborted signal ends save(), load() and open() before they begin", () =>
    withStorage(async (storage) => {
      await storage.save(bytes("older"));
      const signal = AbortSignal.abort("stop");
      for (const call of [() => storage.save(bytes("x"), { signal }), () => storage.load({ signal })]) {
        assertEquals(await call().catch((reason) => reason), "stop");
      }
      assertEquals(await storage.open({ signal }).catch((reason) => reason), "stop");
      assertEquals(await storage.load(), bytes("older"));
    }));

  test("an abort ends a save that waits for a silent source, and removes the next file", () =>
    withStorage(async (storage) => {
      await storage.save(bytes("older"));
      const controller = new AbortController();
      async function* silent(): AsyncGenerator<Uint8Array, void, void> {
        yield new Uint8Array(10);
        controller.abort("stop");
        await new Promise(() => {});
      }
      assertEquals(await storage.save(silent(), { signal: controller.signal }).catch((reason) => reason), "stop");
      assertEquals([await storage.load(), readdirSync(storage.location)], [bytes("older"), ["checkpoint.tsxs"]]);
    }));

  test("an abort ends the reading of an open checkpoint", () =>
    withStorage(async (storage) => {
      await storage.save(new Uint8Array(1_000_000));
      const controller = new AbortController();
      await using checkpoint = await storage.open({ signal: controller.signal });
      let count = 0;
      let reason: unknown = null;
      try {
        for await (const _ of checkpoint?.chunks() ?? []) if (++count === 2) controller.abort("stop");
      } catch (error) {
        reason = error;
      }
      assertEquals([count, reason], [2, "stop"]);
    }));
});
