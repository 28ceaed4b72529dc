// libc on Deno, through Deno.dlopen.

import { type Libc, type Library, openLibc, type Signature } from "./libc.ts";

/** What of Deno's own API is used here, so that the other runtimes' checkers need none of its types. */
interface DenoApi {
  readonly permissions: { querySync(descriptor: { name: "ffi"; path: string }): { readonly state: string } };
  dlopen(path: string, signatures: Readonly<Record<string, Signature>>): Library;
}

/** Linux's libc; `null` where Deno was not given the permission. It is not asked for: that would stop a program. */
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
