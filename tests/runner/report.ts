// Reads the JUnit report that every runtime's test runner writes: how many tests passed, failed and were skipped.

/** How many tests of one file passed, failed and were skipped. */
export interface Counts {
  readonly passed: number;
  /** Failed tests, including cancelled ones. */
  readonly failed: number;
  readonly skipped: number;
}

interface Case {
  readonly name: string;
  result: keyof Counts;
}

const ELEMENT = /<(\/?)(testsuites|testcase|failure|error|skipped)\b((?:"[^"]*"|[^">])*)>/g;
/** Deno writes a suite as a test, and lists its tests separately, with the suite's name as a prefix. */
const SEPARATOR = " &gt; ";

/**
 * Counts the tests of a JUnit report. Suites are not counted.
 *
 * @returns The counts, or undefined if the report is truncated.
 */
export function readReport(xml: string): Counts | undefined {
  const cases: Case[] = [];
  let isWhole = false;
  let isDeno = false;
  for (const [, closing, element, attributes = ""] of xml.replace(/<!--[\s\S]*?-->/g, "").matchAll(ELEMENT)) {
    const [, name = ""] = /(?:^|\s)name="([^"]*)"/.exec(attributes) ?? [];
    if (element === "testsuites") {
      isWhole = closing !== "" || attributes.endsWith("/");
      isDeno ||= name === "deno test";
    } else if (closing === "") {
      const last = cases.at(-1);
      if (element === "testcase") cases.push({ name, result: "passed" });
      else if (last !== undefined) last.result = element === "skipped" ? "skipped" : "failed";
    }
  }
  if (!isWhole) return undefined;
  const suites = isDeno ? suitesOf(cases) : new Set<string>();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, result } of cases) if (!suites.has(name)) counts[result]++;
  return counts;
}

function suitesOf(cases: readonly Case[]): Set<string> {
  const suites = new Set<string>();
  for (const { name } of cases) {
    for (let end = name.indexOf(SEPARATOR); end >= 0; end = name.indexOf(SEPARATOR, end + 1)) {
      suites.add(name.slice(0, end));
    }
  }
  return suites;
}
