// Declares tests that need the real daemons; where those are missing, one test that says so.

import { test } from "node:test";
import process from "node:process";
import { missingPeers } from "./daemons.ts";

/** Declares the tests. Without the daemons there is one that is skipped, or fails where CI is set. */
export function withPeers(name: string, declare: () => void): void {
  const missing = missingPeers();
  if (missing === null) return declare();
  test(name, { skip: process.env.CI === undefined ? missing : false }, () => {
    throw new Error(missing);
  });
}
