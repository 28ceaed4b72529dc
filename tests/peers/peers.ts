// Declares tests that need the real daemons. Without these, one test reports what is missing.

import { test } from "node:test";
import process from "node:process";
import { missingPeers } from "./daemons.ts";

/** Declares the tests. Without the daemons, declares one test that is skipped, or that fails if CI is set. */
export function withPeers(name: string, declare: () => void): void {
  const missing = missingPeers();
  if (missing === null) return declare();
  test(name, { skip: process.env.CI === undefined ? missing : false }, () => {
    throw new Error(missing);
  });
}
