// A library of C on Deno, through Deno.dlopen.

import type { Library, OpenLibrary, Signature } from "./library.ts";

/** The part of Deno's API that is used here, so that type checks on other runtimes do not need Deno's types. */
interface DenoApi {
  readonly permissions: { querySync(descriptor: { name: "ffi"; path: string }): { readonly state: string } };
  dlopen(path: string, signatures: Readonly<Record<string, Signature>>): Library;
}

/**
 * Opens a library; `null` if Deno lacks the permission, or the library lacks a function. Deno is not asked for the
 * permission, since the prompt would stop a program.
 */
export const openDenoLibrary: OpenLibrary = (path, signatures) => {
  const { Deno } = globalThis as unknown as { readonly Deno: DenoApi };
  if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") return null;
  try {
    const library = Deno.dlopen(path, signatures);
    return { symbols: library.symbols, close: () => library.close() };
  } catch {
    return null;
  }
};
