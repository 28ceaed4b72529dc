// A reporter of Node's test runner: one line of JSON for each test that ran, written when the test ends.

import process from "node:process";

/** The result of one test. */
export interface TestResult {
  /** Its name, without its suites. */
  readonly name: string;
  readonly result: "passed" | "failed";
}

interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name: string;
    readonly skip?: string | boolean;
    readonly details?: { readonly type?: string };
  };
}

/** How long the process may take to end by itself after all of its tests have. */
const END_MS = 1000;

/**
 * Writes the results. A test that fails may leave something open that keeps the process alive: the process ends soon
 * after the last of the named tests has a result.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const named = process.execArgv.filter((argument) => argument.startsWith("--test-name-pattern=")).length;
  const seen = new Set<string>();
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { name, skip, details } = data;
    if (details?.type === "suite" || (skip !== undefined && skip !== false)) continue;
    yield `${JSON.stringify({ name, result: type === "test:pass" ? "passed" : "failed" })}\n`;
    if (seen.add(name).size === named) setTimeout(() => process.exit(1), END_MS).unref();
  }
}
