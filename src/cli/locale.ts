// What the locale of the environment says.

import type { Invocation } from "./invocation.ts";

/** Returns whether the locale of the environment has UTF-8. */
export function isUtf8(invocation: Pick<Invocation, "variable">): boolean {
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map((name) => invocation.variable(name)).find((value) => value);
  return /utf-?8/i.test(locale ?? "");
}
