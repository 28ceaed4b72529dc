// Where the worker's code is, and whether a worker can start from it: one that cannot does not say so to a thread that
// waits.

import { builtin } from "../transport/builtin.ts";
import { codedError } from "../wire/system_errors.ts";
import { workerSource } from "./worker_source.ts";

/** Throws where a worker could not start from a module that is a file. */
export type CheckCode = (module: URL) => void;

/** What of Deno's own API is used here, so that the other runtimes' checkers need none of its types. */
interface DenoApi {
  readonly build: { readonly standalone?: boolean };
  readonly permissions: { querySync(descriptor: { name: "read"; path: string }): { readonly state: string } };
}

/** The first version whose worker needs nothing of the thread that waits for it, were it in TypeScript. */
const TYPESCRIPT_FROM_NODE = 22;

/** What a worker is made from. */
export interface WorkerCode {
  readonly code: string | URL;
  readonly options: { readonly eval?: boolean; readonly execArgv?: string[] };
}

/**
 * The worker's code: the built package has its text, which needs no file; else it is a file beside this module. A
 * registry's is at an address that only an import takes, and no worker. Throws what `check` does.
 */
export function workerCode(check: CheckCode): WorkerCode {
  // What was built needs none of a loader's flags.
  if (workerSource !== null) return { code: workerSource, options: { eval: true, execArgv: [] } };
  // This file's own ending: .ts where it runs as it was written, .js where it was bundled otherwise than by the build.
  const [ending] = /\.m?[jt]s$/.exec(import.meta.url) ?? [".js"];
  // By way of a variable: a bundler that saw the address would look for the file.
  const here: string = import.meta.url;
  const file = new URL(`./worker_thread${ending}`, here);
  if (file.protocol === "file:") check(file);
  const code = file.protocol === "file:" ? file : new URL(`data:text/javascript,import ${JSON.stringify(file.href)};`);
  return { code, options: ending.endsWith("ts") ? {} : { execArgv: [] } };
}

/** Throws ENOENT where the code is not there, as beside a bundle. */
export function checkCodeFile(module: URL): void {
  const path = builtin("node:url").fileURLToPath(module);
  if (!builtin("node:fs").existsSync(path)) {
    throw codedError("ENOENT", `no code of the worker at ${path}: a bundle needs it beside itself`);
  }
}

/** The same, and throws ENOSYS for TypeScript where that cannot be. */
export function checkNodeCode(module: URL): void {
  checkCodeFile(module);
  const { process } = globalThis as unknown as { readonly process: { readonly versions: { readonly node: string } } };
  if (!module.pathname.endsWith(".ts") || Number.parseInt(process.versions.node) >= TYPESCRIPT_FROM_NODE) return;
  throw codedError(
    "ENOSYS",
    `a worker of Node ${process.versions.node} cannot start from TypeScript, whose loader would wait for the thread that ` +
      "waits for the worker: only the built package can",
  );
}

/**
 * The same as the first, and throws EACCES where Deno may not read the code. That is not asked for: it would stop a
 * program.
 */
export function checkDenoCode(module: URL): void {
  const { Deno } = globalThis as unknown as { readonly Deno: DenoApi };
  // What is imported from these places needs no permission, and cannot be looked at without.
  if (Deno.build.standalone || module.pathname.includes("/node_modules/")) return;
  // It imports from all of `src`; bundled, from what is beside it.
  const top = /\/src\/blocking\/[^/]*$/.test(module.pathname) ? "../" : "./";
  const path = builtin("node:url").fileURLToPath(new URL(top, module));
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
    throw codedError("EACCES", `the worker's code may not be read: Deno needs --allow-read=${path}`);
  }
  checkCodeFile(module);
}
