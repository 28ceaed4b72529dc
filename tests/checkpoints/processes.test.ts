// Several processes that save in one storage at the same time, and a reader.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { CheckpointRepository, CheckpointStorage } from "../../src/checkpoints/mod.ts";
import { commandOf, runCommand } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

const writer = fileURLToPath(new URL("writer.ts", import.meta.url));
const creator = fileURLToPath(new URL("creator.ts", import.meta.url));
const ROUNDS = 40;

describe("two processes that save at the same time", () => {
  test("each save is whole, a locked one tells its owner, and a reader never sees anything else", () =>
    inDirectory(async (base) => {
      const storage = await CheckpointStorage.create(base);
      const writers = [1, 2].map((byte) => {
        const [executable = "", ...rest] = [...commandOf(writer), storage.location, `${byte}`, `${ROUNDS}`];
        const child = spawn(executable, rest, { stdio: ["ignore", "pipe", "inherit"] });
        let output = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
        return new Promise<string>((resolve) => child.on("close", (code) => resolve(`${code} ${output.trim()}`)));
      });
      let isOver = false;
      const ended = Promise.all(writers).finally(() => isOver = true);
      const seen = new Set<number>();
      while (!isOver) {
        const bytes = await storage.load();
        if (bytes === null) continue;
        // A checkpoint has bytes of one writer alone, and one length for each round.
        const [byte = 0, round = 0] = bytes;
        assert((byte === 1 || byte === 2) && bytes.length === 2 + round * 5000, `${bytes.length} bytes of ${byte}`);
        assert(bytes.subarray(2).every((found) => found === byte), `other bytes within those of ${byte}`);
        seen.add(byte);
      }
      assertEquals(await ended, [`0 ${ROUNDS} saved`, `0 ${ROUNDS} saved`]);
      assert(seen.size > 0);
      assertEquals(readdirSync(storage.location), ["checkpoint.tsxs"]);
    }));

  test("two creators in one instant get a storage each, in legacy mode as well", () =>
    inDirectory(async (base) => {
      const results = await Promise.all(
        ["false", "true", "true"].map((legacy) => runCommand([...commandOf(creator), base, legacy, "10"])),
      );
      const made = results.flatMap(({ code, stdout, stderr }) => {
        assertEquals([code, stderr], [0, ""]);
        return stdout.trim().split("\n");
      });
      assertEquals([made.length, new Set(made).size], [30, 30]);
      const repository = new CheckpointRepository(base);
      const last = await repository.lastStorage();
      assert(last !== null && made.includes(last.location));
      assertEquals(await last.load(), new Uint8Array([7]));
      const found = (await repository.storages()).map(({ location }) => location);
      assert(found.every((location) => made.includes(location)) && found.length >= 11);
    }));
});
