// libc on Deno, through Deno.dlopen.

import { openDenoLibrary } from "../transport/library_deno.ts";
import { type Libc, openLibc } from "./libc.ts";

/** The libc of Linux; `null` if it does not exist, or may not be called. */
export function openDenoLibc(): Libc | null {
  return openLibc(openDenoLibrary);
}
