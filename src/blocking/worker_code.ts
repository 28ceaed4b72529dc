// The place of the worker's code, and whether a worker can start from it: a worker that cannot start does not report
// that to a thread that waits.

import { builtin } from "../transport/builtin.ts";
import { codedError } from "../wire/system_errors.ts";
import { workerSource } from "./worker_source.ts";

/** Throws if a worker cannot start from a module that is a file. */
export type CheckCode = (module: URL) => void;

/** The part of Deno's API that is used here, so that type checks on other runtimes do not need Deno's types. */
interface DenoApi {
  readonly build: { readonly standalone?: boolean };
  readonly permissions: { querySync(descriptor: { name: "read"; path: string }): { readonly state: string } };
}

/** The first version whose worker starts from TypeScript without the help of the thread that waits for it. */
const TYPESCRIPT_FROM_NODE = 22;

/** The source of a worker. */
export interface WorkerCode {
  readonly code: string | URL;
  readonly options: { readonly eval?: boolean; readonly execArgv?: string[] };
}

/**
 * The worker's code. The built package has it as text, which needs no file. Otherwise it is a file beside this module.
 * A registry's file has an address that only an import accepts, not a worker. Throws the error of `check`.
 */
export function workerCode(check: CheckCode): WorkerCode {
  // Built code needs none of the loader's flags.
  if (workerSource !== null) return { code: workerSource, options: { eval: true, execArgv: [] } };
  // The extension of this file: .ts in the sources, .js in other builds than that of the package.
  const [ending] = /\.m?[jt]s$/.exec(import.meta.url) ?? [".js"];
  // Through a variable: a bundler that saw the address would look for the file.
  const here: string = import.meta.url;
  const file = new URL(`./worker_thread${ending}`, here);
  if (file.protocol === "file:") check(file);
  const code = file.protocol === "file:" ? file : new URL(`data:text/javascript,import ${JSON.stringify(file.href)};`);
  return { code, options: ending.endsWith("ts") ? {} : { execArgv: [] } };
}

/** Throws ENOENT if the code does not exist, as beside a bundle. */
export function checkCodeFile(module: URL): void {
  const path = builtin("node:url").fileURLToPath(module);
  if (!builtin("node:fs").existsSync(path)) {
    throw codedError("ENOENT", `no code of the worker at ${path}: a bundle needs it beside itself`);
  }
}

/** Throws ENOENT if the code does not exist, and ENOSYS if a worker cannot start from TypeScript. */
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
 * Throws ENOENT if the code does not exist, and EACCES if Deno may not read it. Deno is not asked for the permission,
 * since the prompt would stop a program.
 */
export function checkDenoCode(module: URL): void {
  const { Deno } = globalThis as unknown as { readonly Deno: DenoApi };
  // Imports from these places need no permission, and cannot be checked without one.
  if (Deno.build.standalone || module.pathname.includes("/node_modules/")) return;
  // In the sources it imports from all of `src`; in a bundle, from the files beside it.
  const top = /\/src\/blocking\/[^/]*$/.test(module.pathname) ? "../" : "./";
  const path = builtin("node:url").fileURLToPath(new URL(top, module));
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
    throw codedError("EACCES", `the worker's code may not be read: Deno needs --allow-read=${path}`);
  }
  checkCodeFile(module);
}
