// The runtime's own modules, loaded on first use: an import of one takes Deno up to 50 ms of CPU, and Bun up to 15 ms.

/** The part of `bun:ffi` that is used here, so that type checks on other runtimes do not need Bun's types. */
interface BunFfi {
  dlopen(
    path: string,
    functions: Readonly<Record<string, { readonly args: readonly string[]; readonly returns: string }>>,
  ): {
    readonly symbols: Readonly<Record<string, (...values: readonly unknown[]) => unknown>>;
    close(): void;
  };
}

/** The modules that synchronous callers use, which cannot wait for an import on demand. */
interface Modules {
  readonly "bun:ffi": BunFfi;
  readonly "node:child_process": typeof import("node:child_process");
  readonly "node:fs": typeof import("node:fs");
  readonly "node:net": typeof import("node:net");
  readonly "node:os": typeof import("node:os");
  readonly "node:timers": typeof import("node:timers");
  readonly "node:tty": typeof import("node:tty");
  readonly "node:url": typeof import("node:url");
  readonly "node:worker_threads": typeof import("node:worker_threads");
}

type Load = <Name extends keyof Modules>(name: Name) => Modules[Name];

/** The part of the global scope that is used here. The types of a runtime may lack it. */
interface Globals {
  readonly process: { readonly getBuiltinModule?: Load };
  setImmediate(run: () => void): unknown;
}

/** What Bun adds. */
interface Meta {
  readonly require: Load;
}

/** Loads a module of the runtime. */
export function builtin<Name extends keyof Modules>(name: Name): Modules[Name] {
  // Node has the function since 20.16, and Bun since a late 1.2: before, Bun had its own.
  const load = (globalThis as unknown as Globals).process.getBuiltinModule ?? (import.meta as unknown as Meta).require;
  return load(name);
}

/** The number of CPUs that this process may use. */
export function availableCpus(): number {
  return builtin("node:os").availableParallelism();
}

/** Runs a function after a turn of the event loop, which stays alive until then. */
export function afterTurn(run: () => void): void {
  (globalThis as unknown as Globals).setImmediate(run);
}
