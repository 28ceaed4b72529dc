// Reading the results from a console: a run that is missing or truncated does not pass.
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { loaded, type Outcome, readOutcomes, readSummary } from "./results.ts";

const node = [
  "# tests 4",
  "# suites 1",
  "# pass 2",
  "# fail 1",
  "# cancelled 1",
  "# skipped 0",
  "# todo 0",
];
const deno = [
  "running 3 tests from ./a.test.mjs",
  "FAILED | 2 passed (5 steps) | 1 failed | 1 ignored (14ms)",
];
const bun = [
  " 2 pass",
  " 1 skip",
  " 1 fail",
  "Ran 4 tests across 1 file. [62.00ms]",
];

/** The outcome of node in domain 0, from the lines between RUN and RAN. */
function outcome(lines: readonly string[]): Outcome | undefined {
  return readOutcomes(lines, ["a.test.mjs"]).find((one) => one.environment === "dom0" && one.runtime === "node");
}

test("readSummary() reads the summary of each runner", () => {
  assertEquals(readSummary("node", node), {
    passed: 2,
    failed: 2,
    skipped: 0,
  });
  assertEquals(readSummary("deno", deno), {
    passed: 5,
    failed: 1,
    skipped: 1,
  });
  assertEquals(readSummary("bun", bun), {
    passed: 2,
    failed: 1,
    skipped: 1,
  });
  assertEquals(readSummary("node", deno), undefined);
});

test("readOutcomes() counts six failures for a console without a run", () => {
  const outcomes = readOutcomes([], ["a.test.mjs"]);
  assertEquals(outcomes.length, 6);
  for (const { passed, failed, problems } of outcomes) {
    assertEquals({ passed, failed, problems }, {
      passed: 0,
      failed: 1,
      problems: ["a.test.mjs did not start"],
    });
  }
});

test("readOutcomes() counts a run as passed only if it loaded, printed a summary, ran a test and exited with 0", () => {
  const good = [
    "RUN node a.test.mjs",
    loaded,
    "# pass 1",
    "# fail 0",
    "RAN node a.test.mjs 0",
  ];
  assertEquals(outcome(good)?.problems, []);
  assertEquals(outcome(good)?.passed, 1);
  const without: [missing: string, lines: string[], problem: string][] = [
    [
      "the load",
      good.filter((line) => line !== loaded),
      "did not load to its end",
    ],
    [
      "the summary",
      good.filter((line) => !line.startsWith("#")),
      "printed no summary: it exited with 0",
    ],
    [
      "a test",
      good.map((line) => line.replace("pass 1", "pass 0")),
      "ran no test",
    ],
    [
      "exit code 0",
      good.map((line) => line.replace("mjs 0", "mjs 7")),
      "exited with 7",
    ],
    ["the end", good.slice(0, -1), "did not end"],
  ];
  for (const [missing, lines, problem] of without) {
    assertEquals(
      outcome(lines)?.problems,
      [`a.test.mjs ${problem}`],
      missing,
    );
    assertEquals(outcome(lines)?.failed, 1, missing);
  }
});

test("readOutcomes() assigns lines with the prefix of the guest to the guest", () => {
  const run = [
    "RUN bun a.test.mjs",
    loaded,
    " 3 pass",
    " 0 fail",
    "RAN bun a.test.mjs 0",
  ];
  const passed = readOutcomes(run.map((line) => `guest| ${line}`), [
    "a.test.mjs",
  ]).filter((one) => one.passed > 0);
  assertEquals(
    passed.map((one) => [one.environment, one.runtime, one.passed]),
    [["guest", "bun", 3]],
  );
});

test("readOutcomes() counts a guest's line that follows an unfinished line of domain 0", () => {
  const run = [
    "RUN bun a.test.mjs",
    loaded,
    " 3 pass",
    " 0 fail",
    "RAN bun a.test.mjs 0",
  ];
  const console = run.map((line, i) => i === run.length - 1 ? `eight together ...guest| ${line}` : `guest| ${line}`);
  const [, , , , , bun] = readOutcomes(console, ["a.test.mjs"]);
  assertEquals([bun?.environment, bun?.runtime, bun?.passed, bun?.failed], [
    "guest",
    "bun",
    3,
    0,
  ]);
});
