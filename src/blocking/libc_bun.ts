// libc on Bun, through bun:ffi.

import { builtin } from "../transport/builtin.ts";
import type { CType, OpenLibrary } from "../transport/library.ts";
import { type Libc, openLibc } from "./libc.ts";

const names: Readonly<Record<CType, string>> = { i32: "i32", usize: "u64", buffer: "ptr", pointer: "ptr" };

/** Opens a library; `null` if it does not exist, or lacks a function. */
export const openBunLibrary: OpenLibrary = (path, signatures) => {
  const { dlopen } = builtin("bun:ffi");
  try {
    const entries = Object.entries(signatures).map(([name, { parameters, result }]) =>
      [name, { args: parameters.map((type) => names[type]), returns: names[result] }] as const
    );
    const library = dlopen(path, Object.fromEntries(entries));
    return { symbols: library.symbols, close: () => library.close() };
  } catch {
    return null;
  }
};

/** The libc of Linux; `null` if it does not exist. */
export function openBunLibc(): Libc | null {
  return openLibc(openBunLibrary);
}
