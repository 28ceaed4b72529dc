// libc on Deno, through Deno.dlopen.

import { type Libc, type Library, openLibc, type Signature } from "./libc.ts";

/** The part of Deno's API that is used here, so that type checks on other runtimes do not need Deno's types. */
interface DenoApi {
  readonly permissions: { querySync(descriptor: { name: "ffi"; path: string }): { readonly state: string } };
  dlopen(path: string, signatures: Readonly<Record<string, Signature>>): Library;
}

/**
 * The libc of Linux; `null` if Deno lacks the permission. Deno is not asked for it, since the prompt would stop a
 * program.
 */
export function openDenoLibc(): Libc | null {
  const { Deno } = globalThis as unknown as { readonly Deno: DenoApi };
  return openLibc((path, signatures) => {
    if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") return null;
    try {
      const library = Deno.dlopen(path, signatures);
      return { symbols: library.symbols, close: () => library.close() };
    } catch {
      return null;
    }
  });
}
