// Where the worker's code is, and whether a worker can start from it: one that cannot does not say so to a thread that
// waits.

import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { codedError } from "../wire/system_errors.ts";

/** Throws where a worker could not start from a module that is a file. */
export type CheckCode = (module: URL) => void;

/** What of Deno's own API is used here, so that the other runtimes' checkers need none of its types. */
interface DenoApi {
  readonly build: { readonly standalone?: boolean };
  readonly permissions: { querySync(descriptor: { name: "read"; path: string }): { readonly state: string } };
}

/** The first version whose worker needs nothing of the thread that waits for it, were it in TypeScript. */
const TYPESCRIPT_FROM_NODE = 22;

/**
 * Where the worker's code is, beside this module. A registry's is at an address that only an import takes, and no
 * worker. Throws what `check` does.
 */
export function workerCode(check: CheckCode): { module: URL; isBuilt: boolean } {
  // This file's own ending: .ts where it runs as it was written, .js where it was built, a bundle's where it is in one.
  const [ending] = /\.m?[jt]s$/.exec(import.meta.url) ?? [".js"];
  const isBuilt = !ending.endsWith("ts");
  const file = new URL(`./worker_thread${ending}`, import.meta.url);
  if (file.protocol === "file:") check(file);
  const module = file.protocol === "file:"
    ? file
    : new URL(`data:text/javascript,import ${JSON.stringify(file.href)};`);
  return { module, isBuilt };
}

/** Throws ENOENT where the code is not there, as beside a bundle. */
export function checkCodeFile(module: URL): void {
  const path = fileURLToPath(module);
  if (!existsSync(path)) {
    throw codedError("ENOENT", `no code of the worker at ${path}: a bundle needs it beside itself`);
  }
}

/** The same, and throws ENOSYS for TypeScript where that cannot be. */
export function checkNodeCode(module: URL): void {
  checkCodeFile(module);
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
  const path = fileURLToPath(new URL(top, module));
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
    throw codedError("EACCES", `the worker's code may not be read: Deno needs --allow-read=${path}`);
  }
  checkCodeFile(module);
}
