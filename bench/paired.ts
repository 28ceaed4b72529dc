// npm run bench:paired -- COMMIT [SHAPE...]: this tree's client beside that of another commit, in pairs of rounds.

import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { missingPeers } from "../tests/peers/daemons.ts";
import { connect } from "../mod.ts";
import { preferred } from "./priority.ts";
import { findRuntimes, type Program, type Runtime, WRITER } from "./programs.ts";
import { DAEMON, type Placement, runRounds, startStores } from "./rounds.ts";
import { PLACEMENTS } from "./series/series.ts";
import { spreadText, table } from "./table.ts";
import { populate, TREE } from "./tree.ts";

const BENCH = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(BENCH);
const CACHE = join(BENCH, ".cache", "paired");
const SIDES = ["before", "after"] as const;
/** What is measured: a variant with its arguments, and how many pairs of rounds there are. */
const SHAPES = {
  many: { title: "60,000 reads, 256 in flight", args: ["many", "256", "60000", DAEMON], pairs: 10 },
  walk: { title: "a walk of 11,111 nodes", args: ["walk", TREE, DAEMON], pairs: 10 },
  events: { title: "100,000 events", args: ["events", WRITER, "100000", DAEMON], pairs: 5 },
} as const;

type Side = typeof SIDES[number];
type Shape = keyof typeof SHAPES;

/** Bundles this tree's variants with the client of a tree, each into one file. */
async function bundle(tree: string, side: Side): Promise<void> {
  const variants = Object.keys(SHAPES).map((name) => join(tree, "bench", "variants", `${name}.ts`));
  await build({
    absWorkingDir: tree,
    entryPoints: variants,
    outdir: join(CACHE, side),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    external: ["bun:jsc"],
    format: "esm",
    platform: "node",
    target: "es2022",
    logLevel: "error",
  });
}

/** Writes the client of a commit to a directory, with the variants of this tree. */
function checkOut(commit: string): string {
  const tree = join(CACHE, "tree");
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  const paths = ["mod.ts", "src", "tsconfig.json", "package.json"];
  const archive = execFileSync("git", ["archive", commit, ...paths], { cwd: ROOT, maxBuffer: 2 ** 28 });
  execFileSync("tar", ["-x", "-C", tree], { input: archive });
  cpSync(join(BENCH, "variants"), join(tree, "bench", "variants"), { recursive: true });
  return tree;
}

function program({ command }: Runtime, side: Side, [variant, ...args]: readonly string[]): Program {
  return { name: side, command: [...command, join(CACHE, side, `${variant}.mjs`), ...args] };
}

const [commit = "HEAD", ...words] = process.argv.slice(2);
const shapes = Object.keys(SHAPES).filter((name): name is Shape => words.length === 0 || words.includes(name));
const missing = missingPeers();
if (missing !== null) throw new Error(missing);
mkdirSync(CACHE, { recursive: true });
await bundle(checkOut(commit), "before");
await bundle(ROOT, "after");
using _priority = preferred();
await using stores = await startStores();
for (const socket of stores.sockets) {
  await using store = await connect(`unix:${socket}`);
  await populate(store);
}

async function compare(shape: Shape, placement: Placement): Promise<void> {
  const { title, args, pairs } = SHAPES[shape];
  const rows: string[][] = [];
  for (const runtime of findRuntimes()) {
    const programs = SIDES.map((side) => program(runtime, side, args));
    const results = await runRounds(programs, pairs, stores, placement);
    const shares = SIDES.map((side) => spreadText(results.ratio(side, "client", side, "daemon")));
    const ratio = (key: string) => spreadText(results.ratio("after", key, "before"));
    rows.push([runtime.name, ...shares, ratio("client"), ratio("daemon")]);
  }
  const [load = 0] = loadavg();
  console.log(`${title}, ${PLACEMENTS[placement]}, ${pairs} pairs of rounds, load ${load.toFixed(1)}\n`);
  const heading = [
    "the client's CPU time by the daemon's",
    commit,
    "this tree",
    "the client: this / before",
    "the daemon",
  ];
  console.log(`${table(heading, rows)}\n`);
}

console.log(
  `"the client: this / before" compares the CPU times of the two clients, "the daemon" those of the daemon.\n`,
);
for (const shape of shapes) for (const placement of stores.placements) await compare(shape, placement);
