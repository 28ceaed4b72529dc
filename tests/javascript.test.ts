// The JavaScript examples of the documentation run unchanged on this runtime, without a tool that translates them.

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { Daemon } from "../src/daemon/mod.ts";
import { inDirectory } from "./support/socket.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];
const examples = files.flatMap((file) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/^```js\n(.*?)^```$/gms)]
    .map(([, code = ""], i) => ({ name: `${file}, example ${i + 1} in JavaScript`, file, code }))
);

/** Builds the library to JavaScript as the package `tsxs`, in a directory from which an example can import it. */
function buildPackage(directory: string): void {
  const modules = join(directory, "node_modules", "tsxs");
  mkdirSync(modules, { recursive: true });
  const options = ["--bundle", "--splitting", "--format=esm", "--platform=node", "--target=es2022"];
  execFileSync(join(root, "node_modules", ".bin", "esbuild"), ["mod.ts", ...options, `--outdir=${modules}`], {
    cwd: root,
    stdio: "pipe",
  });
  writeFileSync(join(modules, "package.json"), '{ "name": "tsxs", "type": "module", "exports": "./mod.js" }\n');
}

/** Runs a file on this runtime, with the socket of a store. */
function run(file: string, socket: string): Promise<{ code: number | null; output: string }> {
  const flags = "Deno" in globalThis ? ["run", "--allow-all", "--quiet"] : [];
  // The options of this process, such as a loader of TypeScript, are not passed to its children.
  const { NODE_OPTIONS: _, ...rest } = process.env;
  const child = spawn(process.execPath, [...flags, file], {
    cwd: dirname(file),
    env: { ...rest, XENSTORED_PATH: socket },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  return new Promise((resolve, reject) => child.on("error", reject).on("close", (code) => resolve({ code, output })));
}

describe("the documentation's JavaScript", () => {
  test("the documentation has JavaScript examples in README.md and in the guide", () => {
    assertEquals([...new Set(examples.map(({ file }) => file))].sort(), ["README.md", "docs/guide.md"]);
  });

  for (const { name, code } of examples) {
    test(`${name} runs unchanged, and prints what its comments say`, { timeout: 120_000 }, async () => {
      // Outside the repository, because "tsxs" below it is the repository itself.
      await inDirectory(async (directory) => {
        buildPackage(directory);
        const file = join(directory, "example.mjs");
        writeFileSync(file, code);
        // This is what `npm install tsxs` writes. Deno reads it to find the package.
        writeFileSync(join(directory, "package.json"), '{ "dependencies": { "tsxs": "*" } }\n');
        await using daemon = new Daemon();
        const socket = join(directory, "socket");
        await daemon.listen(socket);
        const { code: status, output } = await run(file, socket);
        assertEquals(status, 0, output);
        for (const [, line = ""] of code.matchAll(/console\.log\(.*\); \/\/ ([\w./ ]+)$/gm)) {
          assert(output.split("\n").includes(line), `${line} is not in ${output}`);
        }
      });
    });
  }
});
