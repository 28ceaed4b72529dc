// All protections, by the rooms of the sources.

import type { Protection } from "./protection.ts";

/** The protections that `npm run mutate` removes. */
export const protections: readonly Protection[] = [];
