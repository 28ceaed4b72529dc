// Reads the JUnit report that every runtime's test runner writes: which tests passed, failed and were skipped.

/** How many tests of one file passed, failed and were skipped. */
export interface Counts {
  readonly passed: number;
  /** Failed tests, including cancelled ones. */
  readonly failed: number;
  readonly skipped: number;
}

/** One test of a report. */
export interface TestResult {
  /** Its name; in a report of Deno, the names of its suites before it. */
  readonly name: string;
  readonly result: keyof Counts;
}

interface Case {
  /** As the report has it, with entities. */
  readonly name: string;
  result: keyof Counts;
}

const ELEMENT = /<(\/?)(testsuites|testcase|failure|error|skipped)\b((?:"[^"]*"|[^">])*)>/g;
/** Deno writes a suite as a test, and each of its tests beside it, with the suite's name before this and its own. */
const SEPARATOR = " &gt; ";

const ENTITY = /&(?:#(\d+)|#x([\da-f]+)|(lt|gt|amp|quot|apos));/gi;
const CHARACTERS: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/**
 * Counts the tests of a JUnit report; suites are not counted.
 *
 * @returns The counts, or undefined if the report is cut short.
 */
export function readReport(xml: string): Counts | undefined {
  const tests = readTests(xml);
  if (tests === undefined) return undefined;
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { result } of tests) counts[result]++;
  return counts;
}

/**
 * Lists the tests of a JUnit report without its suites.
 *
 * @returns The tests, or undefined if the report is cut short.
 */
export function readTests(xml: string): TestResult[] | undefined {
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
  return cases.filter(({ name }) => !suites.has(name)).map(({ name, result }) => ({ name: decoded(name), result }));
}

function decoded(text: string): string {
  return text.replace(ENTITY, (_, decimal?: string, hex?: string, name = "") => {
    if (decimal === undefined && hex === undefined) return CHARACTERS[name.toLowerCase()] ?? "";
    return String.fromCodePoint(decimal === undefined ? parseInt(hex ?? "", 16) : Number(decimal));
  });
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
