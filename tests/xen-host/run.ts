// Runs the suites on a real Xen host: in domain 0 and in a guest, over /dev/xen/xenbus, on node, deno and bun.
import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { loaded, readOutcomes } from "./results.ts";

/** The test files of this folder. Each becomes one bundle, NAME.test.mjs, which all runtimes run. */
const all = ["suite", "blocking", "domains"];
/** The suites that the arguments name; all suites without arguments. */
const suites = process.argv.length > 2 ? all.filter((name) => process.argv.includes(name)) : all;

const here = fileURLToPath(new URL(".", import.meta.url));

/** Runs a script of this folder, and prints its output. Resolves with its exit code and the lines of its output. */
async function run(
  script: string,
  ...args: string[]
): Promise<{ code: number; lines: string[] }> {
  const child = spawn(join(here, script), args, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
  const lines: string[] = [];
  createInterface(child.stdout).on("line", (line) => {
    lines.push(line);
    console.log(line);
  });
  return { code: await ended, lines };
}

/** Bundles each program into one file, for a machine without packages. */
async function bundle(entries: readonly string[], outdir: string, extension: string, footer = ""): Promise<void> {
  await build({
    absWorkingDir: here,
    entryPoints: [...entries],
    outdir,
    entryNames: "[name]",
    outExtension: { ".js": extension },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["node:*"],
    footer: { js: footer },
    logLevel: "warning",
  });
}

async function boot(): Promise<{ code: number; lines: string[] }> {
  const built = await run("build.sh");
  if (built.code !== 0) return built;
  const payload = await mkdtemp(join(tmpdir(), "tsxs-xen-host-"));
  try {
    await cp(join(here, "payload"), payload, { recursive: true });
    await bundle(suites.map((name) => `${name}.ts`), payload, ".test.mjs", `console.log(${JSON.stringify(loaded)});`);
    await bundle(["../contract/ending.ts", "../../src/blocking/worker_thread.ts"], payload, ".mjs");
    return await run("run.sh", payload);
  } finally {
    await rm(payload, { recursive: true });
  }
}

const { code, lines } = await boot();
const outcomes = readOutcomes(lines, suites.map((name) => `${name}.test.mjs`));
let passed = 0;
let failed = 0;
console.log();
for (const outcome of outcomes) {
  passed += outcome.passed;
  failed += outcome.failed;
  const { environment, runtime, problems } = outcome;
  const counts = `${outcome.passed} passed, ${outcome.failed} failed, ${outcome.skipped} skipped`;
  console.log(
    [`${environment.padEnd(5)} ${runtime.padEnd(4)} ${counts}`, ...problems]
      .join("; "),
  );
}
if (code !== 0 && failed === 0) {
  failed++;
  console.log(`every run passed, yet the host exited with ${code}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
