// examples.test.ts: every example of the documentation runs, on a store of its own

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assert } from "@std/assert";
import { connect } from "../../mod.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const files = [
  "mod.ts",
  ...readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).map((file) => join("src", file)),
  "README.md",
  ...readdirSync(join(root, "docs")).map((file) => join("docs", file)),
].filter((file) => /\.(ts|md)$/.test(file));

interface Example {
  readonly name: string;
  readonly code: string;
}

/** The blocks of TypeScript that import the library, in comments and in Markdown. */
function examples(file: string): Example[] {
  const text = readFileSync(join(root, file), "utf8");
  const lines = file.endsWith(".ts") ? text.replace(/^ *\* ?/gm, "") : text;
  return [...lines.matchAll(/^```ts\n(.*?)^```$/gms)]
    .map(([, code = ""], i) => ({ name: `${relative(".", file)}, example ${i + 1}`, code }))
    .filter(({ code }) => code.includes('from "tsxs"'));
}

/** Runs it as a module of its own; resolves with what it printed. */
async function run({ code }: Example, file: string): Promise<unknown[][]> {
  const target = pathToFileURL(join(root, "mod.ts")).href;
  writeFileSync(file, code.replaceAll('from "tsxs"', `from "${target}"`));
  const printed: unknown[][] = [];
  const { log } = console;
  console.log = (...values) => void printed.push(values);
  try {
    await import(pathToFileURL(file).href);
  } finally {
    console.log = log;
  }
  return printed;
}

/** What the comments behind its console.log() lines say that it prints, where that is text, numbers or null. */
function expected({ code }: Example): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ ([\w./ ]+)$/gm)].map(([, text = ""]) => text);
}

withPeers("the documentation's examples run", () => {
  describe("the documentation's examples", () => {
    const directory = join(here, ".cache", `examples-${process.pid}`);
    const found = files.flatMap(examples);

    it("are there", () => assert(found.length > 8, `only ${found.length} were found`));

    for (const [i, example] of found.entries()) {
      it(`${example.name} runs, and prints what it says`, { timeout: 20_000 }, async () => {
        await using store = await startXenstored();
        process.env.XENSTORED_PATH = store.socket;
        mkdirSync(directory, { recursive: true });
        try {
          const printed = await run(example, join(directory, `example-${i}.ts`));
          const lines = printed.map((values) => values.map(String).join(" "));
          for (const line of expected(example)) {
            assert(lines.includes(line), `${JSON.stringify(line)} is not among ${JSON.stringify(lines)}`);
          }
          await using after = await connect();
          assert(after.isConnected, "the store still answers");
        } finally {
          delete process.env.XENSTORED_PATH;
          rmSync(directory, { recursive: true, force: true });
        }
      });
    }
  });
});
