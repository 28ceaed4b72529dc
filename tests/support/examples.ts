// Runs the examples of the documentation.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assert } from "@std/assert";
import { connect } from "../../mod.ts";
import { timeout } from "./limits.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
/** The modules of the package, by the names that users import. */
const modules: Readonly<Record<string, string>> = {
  "tsxs": "mod.ts",
  "tsxs/checkpoints": "src/checkpoints/mod.ts",
  "tsxs/daemon": "src/daemon/mod.ts",
  "tsxs/domains": "src/domains/mod.ts",
  "tsxs/pools": "src/pools/mod.ts",
  "tsxs/pyxs": "compat/pyxs.ts",
  "tsxs/xs": "compat/xs.ts",
};
/** On Node 20, a worker cannot load TypeScript. */
const isNode20 = process.versions.node.startsWith("20.") && !("Bun" in globalThis) && !("Deno" in globalThis);
/** Matches examples with blocking calls, which a store of the same process cannot answer. */
const blocking = /from "tsxs\/(?:pyxs|xs)"/;
const files = [
  "mod.ts",
  ...["src", "compat"].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((file) => join(room, file))
  ),
  "README.md",
  ...readdirSync(join(root, "docs")).map((file) => join("docs", file)),
].filter((file) => /\.(ts|md)$/.test(file));

/** An example in TypeScript in the documentation. */
export interface Example {
  readonly name: string;
  readonly code: string;
}

/** The TypeScript examples of a file that import the library, in comments and in Markdown. */
function examplesOf(file: string): Example[] {
  const text = readFileSync(join(root, file), "utf8");
  const lines = file.endsWith(".ts") ? text.replace(/^ *\* ?/gm, "") : text;
  return [...lines.matchAll(/^```ts\n(.*?)^```$/gms)]
    .map(([, code = ""], i) => ({ name: `${file}, example ${i + 1}`, code }))
    .filter(({ code }) => /from "tsxs(?:"|\/)/.test(code));
}

/** Runs an example as a module. Resolves with the printed values. */
async function run({ code }: Example, file: string): Promise<unknown[][]> {
  let text = code;
  for (const [name, module] of Object.entries(modules)) {
    text = text.replaceAll(`from "${name}"`, `from "${pathToFileURL(join(root, module)).href}"`);
  }
  writeFileSync(file, text);
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

/** The outputs that comments after console.log() promise, if they are text, numbers or null. */
function expected({ code }: Example): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ ([\w./ ]+)$/gm)].map(([, text = ""]) => text);
}

/** A store that runs for one example. */
export interface ExampleStore extends AsyncDisposable {
  /** The path of its socket. */
  readonly socket: string;
}

/** Runs every example with its own store. For blocking examples, `start` must start another process. */
export function examplesRun(on: string, start: () => Promise<ExampleStore>, mayBlock: boolean): void {
  describe(`the documentation's examples, on ${on}`, () => {
    const directory = join(root, "tests", ".cache", `examples-${process.pid}`);
    const found = files.flatMap(examplesOf).filter(({ code }) =>
      !blocking.test(code) || (mayBlock && !(isNode20 && /embedded:|new Worker\(/.test(code)))
    );

    test("the documentation has more than eight examples", () =>
      assert(found.length > 8, `only ${found.length} were found`));

    for (const [i, example] of found.entries()) {
      test(`${example.name} runs, and prints what its comments say`, { timeout }, async () => {
        await using store = await start();
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
}
