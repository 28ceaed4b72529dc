// libc on Bun, through bun:ffi.

import { createRequire } from "node:module";
import { type CType, type Libc, type Library, openLibc } from "./libc.ts";

/** What of Bun's own API is used here, so that the other runtimes' checkers need none of its types. */
interface BunFfi {
  dlopen(path: string, functions: Readonly<Record<string, { args: readonly string[]; returns: string }>>): Library;
}

const names: Readonly<Record<CType, string>> = { i32: "i32", usize: "u64", buffer: "ptr", pointer: "ptr" };

/** Linux's libc; `null` where there is none. */
export function openBunLibc(): Libc | null {
  // A require, because the caller is synchronous, and an import would fail to load where there is no such module.
  const { dlopen } = createRequire(import.meta.url)("bun:ffi") as BunFfi;
  return openLibc((path, signatures) => {
    try {
      const entries = Object.entries(signatures).map(([name, { parameters, result }]) =>
        [name, { args: parameters.map((type) => names[type]), returns: names[result] }] as const
      );
      const library = dlopen(path, Object.fromEntries(entries));
      return { symbols: library.symbols, close: () => library.close() };
    } catch {
      return null;
    }
  });
}
