// Puts what is measured before whatever else the machine runs.

import { readFileSync, writeFileSync } from "node:fs";

const AUTOGROUP = "/proc/self/autogroup";

/** What became of it, and how to undo it. */
export interface Preference extends Disposable {
  readonly text: string;
}

/**
 * Raises the weight of this process's session, the daemons and clients that it starts included, all of them alike. Where
 * Linux groups processes by session, a nice value counts only within the session.
 */
export function preferred(): Preference {
  try {
    const before = /nice (-?\d+)/.exec(readFileSync(AUTOGROUP, "utf8"))?.[1] ?? "0";
    writeFileSync(AUTOGROUP, "-19");
    return {
      text: "Preferred to what else the machine runs.",
      [Symbol.dispose]: () => writeFileSync(AUTOGROUP, before),
    };
  } catch {
    return { text: "Not preferred to what else the machine runs: figures suffer from it.", [Symbol.dispose]: () => {} };
  }
}
