// The faults of plainbox's SessionStorage, after which this storage is modelled: none is repeated.

import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointError, CheckpointStorage, LockedStorageError } from "../../src/checkpoints/mod.ts";
import { bytes } from "../support/bytes.ts";
import { commandOf, runCommand } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

const saver = fileURLToPath(new URL("saver.ts", import.meta.url));

function withStorage(run: (storage: CheckpointStorage) => Promise<void>): Promise<void> {
  return inDirectory(async (base) => await run(await CheckpointStorage.create(base)));
}

// The faults of fsync need a system that fails: see tests/peers/checkpoints_failing.test.ts.
describe("the faults of the model", () => {
  test("a failed write is not followed by a rename, and its error is that of the write", () =>
    withStorage(async (storage) => {
      await storage.save(bytes("older"));
      // The system refuses to enlarge a file beyond 64 blocks of 512 or 1024 bytes.
      const limited = ["sh", "-c", `trap "" XFSZ; ulimit -f 64; exec "$@"`, "sh"];
      const { stdout } = await runCommand([...limited, ...commandOf(saver), storage.location, "1", "2000000"]);
      const outcome = JSON.parse(stdout);
      assertEquals([outcome.kind, outcome.fault, outcome.code], ["failed", "failed", "EFBIG"]);
      assertEquals([await storage.load(), readdirSync(storage.location)], [bytes("older"), ["checkpoint.tsxs"]]);
    }));

  test("a failed rename rejects, and leaves no next file", () =>
    withStorage(async (storage) => {
      mkdirSync(storage.file);
      const error = await assertRejects(() => storage.save(bytes("new")), CheckpointError, "cannot save");
      assertEquals([error.fault, error.code], ["failed", "EISDIR"]);
      assertEquals(readdirSync(storage.location), ["checkpoint.tsxs"]);
      rmdirSync(storage.file);
      await storage.save(bytes("new"));
      assertEquals(await storage.load(), bytes("new"));
    }));

  test("an empty file does not load like none, nor like an empty checkpoint", () =>
    withStorage(async (storage) => {
      assertEquals(await storage.load(), null);
      await storage.save(new Uint8Array(0));
      assertEquals(await storage.load(), new Uint8Array(0));
      writeFileSync(storage.file, "");
      for (const call of [() => storage.load(), () => storage.open()]) {
        const error = await assertRejects(call, CheckpointError, "it is empty");
        assertEquals(error.fault, "empty");
      }
    }));

  test("the lock of a live writer is not broken by another writer", () =>
    withStorage(async (storage) => {
      async function* content(): AsyncGenerator<Uint8Array, void, void> {
        yield bytes("first");
        await assertRejects(() => storage.save(bytes("second")), LockedStorageError);
        await assertRejects(() => storage.breakLock(), LockedStorageError);
      }
      await storage.save(content());
      assertEquals(await storage.load(), bytes("first"));
    }));

  test("a relative base does not leave a link that dangles from another directory", () =>
    inDirectory(async (base) => {
      const program = join(base, "program.ts");
      const mod = fileURLToPath(new URL("../../src/checkpoints/mod.ts", import.meta.url));
      writeFileSync(
        program,
        `import { chdir } from "node:process";
import { CheckpointStorage, CheckpointRepository } from ${JSON.stringify(mod)};
async function main() {
  chdir(${JSON.stringify(base)});
  await (await CheckpointStorage.create("relative", { legacy: true })).save(new Uint8Array(3));
  await (await CheckpointStorage.create("./relative/", { legacy: true })).save(new Uint8Array(4));
  chdir("/");
  const repository = new CheckpointRepository(${JSON.stringify(join(base, "relative"))});
  console.log((await (await repository.lastStorage())?.load())?.length, (await repository.storages()).length);
}
main();
`,
      );
      const { code, stdout, stderr } = await runCommand(commandOf(program));
      assertEquals([code, stdout, stderr], [0, "4 1\n", ""]);
      assert(readdirSync(join(base, "relative")).includes("last-checkpoint"));
    }));

  test("a storage that is corrupt does not hinder a new one, and is removed without force", () =>
    inDirectory(async (base) => {
      const storage = await CheckpointStorage.create(base, { legacy: true });
      writeFileSync(storage.file, "corrupt");
      writeFileSync(`${storage.file}.next`, "corrupt");
      const other = await CheckpointStorage.create(base, { legacy: true });
      await other.save(bytes("content"));
      assertEquals([await other.load(), await storage.remove()], [bytes("content"), true]);
    }));
});
