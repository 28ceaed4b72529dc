// npm run bench:paired -- COMMIT: this tree's client beside that of another commit, in pairs of rounds on each runtime.

import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { missingPeers } from "../tests/peers/daemons.ts";
import { connect } from "../mod.ts";
import { findRuntimes, type Program, type Runtime } from "./programs.ts";
import { DAEMON, runRounds, startStores } from "./rounds.ts";
import { spreadText, table } from "./table.ts";

const BENCH = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(BENCH);
const CACHE = join(BENCH, ".cache", "paired");
const PAIRS = 30;
const COUNT = 30_000;

/** Bundles the variant `many` of a tree into one file. */
async function bundle(tree: string, name: string): Promise<string> {
  const outfile = join(CACHE, `${name}.mjs`);
  await build({
    absWorkingDir: tree,
    entryPoints: [join(tree, "bench", "variants", "many.ts")],
    outfile,
    bundle: true,
    external: ["bun:jsc"],
    format: "esm",
    platform: "node",
    target: "es2022",
    logLevel: "error",
  });
  return outfile;
}

/** Writes the files of a commit to a directory. */
function checkOut(commit: string): string {
  const tree = join(CACHE, "tree");
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  const paths = ["mod.ts", "src", "bench", "tsconfig.json", "package.json"];
  const archive = execFileSync("git", ["archive", commit, ...paths], { cwd: ROOT, maxBuffer: 2 ** 28 });
  execFileSync("tar", ["-x", "-C", tree], { input: archive });
  return tree;
}

const missing = missingPeers();
if (missing !== null) throw new Error(missing);
const [commit = "HEAD"] = process.argv.slice(2);
mkdirSync(CACHE, { recursive: true });
const files = { before: await bundle(checkOut(commit), "before"), after: await bundle(ROOT, "after") };
await using stores = await startStores();
for (const socket of stores.sockets) {
  await using store = await connect(`unix:${socket}`);
  await store.write("/bench/value", "hello");
}

function program({ command }: Runtime, name: "before" | "after"): Program {
  return { name, command: [...command, files[name], "256", `${COUNT}`, DAEMON] };
}

const rows: string[][] = [];
for (const runtime of findRuntimes()) {
  const results = await runRounds([program(runtime, "before"), program(runtime, "after")], PAIRS, stores, "same");
  const cells = ["before", "after"].map((name) => spreadText(results.spread(name, "client")));
  rows.push([runtime.name, ...cells, spreadText(results.ratio("after", "client", "before"))]);
}
console.log(`Reads with 256 in flight, on one CPU, in ${PAIRS} pairs of rounds: the client's CPU time for each\n`);
console.log(table(["runtime", `${commit}, us`, "this tree, us", "this tree / before"], rows));
