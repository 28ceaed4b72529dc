// Runs code with the rights of an unprivileged user, whatever user runs the tests.

import process from "node:process";

const NOBODY = 65534;

/** Runs a function without root's rights. */
export async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  const user = process.geteuid?.();
  if (user !== 0) return await run();
  process.seteuid?.(NOBODY);
  try {
    return await run();
  } finally {
    process.seteuid?.(user);
  }
}
