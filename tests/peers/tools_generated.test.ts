// The command and the xenstore-* tools of Debian do the same with random trees, values and options.

import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random, seedOf } from "../support/random.ts";
import { withPeers } from "./peers.ts";
import { withTools } from "./tools/command.ts";
import { expected } from "./tools/differences.ts";
import { commandLine, plant, typedValue } from "./tools/generator.ts";

const seed = seedOf(process.env.TSXS_SEED);
const TREES = 3;
const NODES = 600;
const VALUES = 400;
const COMMANDS = 400;
const listings = ["ls", "ls -p", "ls -f", "ls -fp"];

withPeers("the command does what the tools do with random input", () => {
  describe(`random input of the tools, TSXS_SEED=${seed}`, () => {
    test("ls, list and read print random trees as the real tools do", () =>
      withTools(async ({ run, runInside }, store) => {
        for (let tree = 0; tree < TREES; tree++) {
          const random = new Random(seed + tree);
          const top = `/tool/t${tree}`;
          const nodes = plant(random, top, NODES);
          await Promise.all(nodes.map(async ({ path, value, permissions }) => {
            await store.write(path, value);
            await store.setPerms(path, permissions);
          }));
          const paths = nodes.map(({ path }) => path);
          const lines = [...listings.map((words) => [...words.split(" "), top]), ["list", "-p", ...paths], [
            "read",
            "-p",
            ...paths,
          ], ["read", "-R", ...paths.slice(0, 100)]];
          for (const [i, words] of lines.entries()) {
            const real = await run("real", ["tsxs", ...words]);
            // One listing of each tree runs as a process.
            const ours = await (i === tree ? run("ours", ["tsxs", ...words]) : runInside(["tsxs", ...words]));
            assertEquals(ours, real, `TSXS_SEED=${seed}: ${words.slice(0, 3).join(" ")} of tree ${tree}`);
            assert(real.end === 0 && real.stdout.length > NODES, `${words.slice(0, 3)} printed ${real.stdout.length}`);
          }
        }
      }));

    test("write stores random values with escapes as the real tool does", () =>
      withTools(async ({ run, runInside }, store) => {
        const random = new Random(seed);
        const values = Array.from({ length: VALUES }, () => typedValue(random));
        const pairs = (top: string): string[] => values.flatMap((value, i) => [`/tool/${top}/${i}`, value]);
        assertEquals((await run("real", ["tsxs", "write", "--", ...pairs("real")])).end, 0);
        assertEquals((await run("ours", ["tsxs", "write", "--", ...pairs("ours")])).end, 0);
        assertEquals((await runInside(["tsxs", "write", "--", ...pairs("inside")])).end, 0);
        for (const [i, value] of values.entries()) {
          const stored = await store.read(`/tool/real/${i}`);
          for (const side of ["ours", "inside"]) {
            assertEquals(await store.read(`/tool/${side}/${i}`), stored, `TSXS_SEED=${seed}: ${JSON.stringify(value)}`);
          }
        }
      }));

    test("random options have the same effect as in the real tools", () =>
      withTools(async ({ run, runInside }, store) => {
        await store.write("/tool/t", "value");
        const random = new Random(seed);
        const used = new Set<string>();
        for (let i = 0; i < COMMANDS; i++) {
          const line = commandLine(random);
          const words = line[0] === "tsxs" ? ["tsxs", "read", ...line.slice(1)] : line;
          const posix: Record<string, string> = random.often(300) ? { POSIXLY_CORRECT: random.of(["", "1"]) } : {};
          const real = await run("real", words, posix);
          const what = `TSXS_SEED=${seed}: ${JSON.stringify(words)} ${JSON.stringify(posix)}`;
          assertEquals(await runInside(words, posix), expected(words, real, used), what);
        }
        assert(used.has("an unknown option ends the command"));
      }));
  });
});
