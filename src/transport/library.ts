// A library of C, and libc of Linux, by the foreign-function interface of the runtime.

import { LIBC_PATHS } from "./libc_paths.ts";

/** A value of C, as both runtimes' interfaces know it. */
export type CType = "i32" | "usize" | "buffer" | "pointer";

/** The types of a function. */
export interface Signature {
  readonly parameters: readonly CType[];
  readonly result: CType;
}

/** The functions of a library by name, and a way to close it. */
export interface Library {
  readonly symbols: Readonly<Record<string, (...values: readonly unknown[]) => unknown>>;
  close(): void;
}

/** Opens a library; `null` if the runtime cannot or may not. */
export type OpenLibrary = (path: string, signatures: Readonly<Record<string, Signature>>) => Library | null;

/** The libc of Linux with the given functions; `null` if it does not have them, or may not be called. */
export function openLibcWith(
  openLibrary: OpenLibrary,
  functions: Readonly<Record<string, Signature>>,
): Library | null {
  for (const path of LIBC_PATHS) {
    const library = openLibrary(path, functions);
    if (library !== null) return library;
  }
  return null;
}
