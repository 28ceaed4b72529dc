// Running one test file in one process, and counting the result, on the runtime of this test.

import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Ending, type FileOutcome, problemOf, runFile } from "./file.ts";
import type { Counts } from "./report.ts";
import { thisRuntime } from "./runtimes.ts";

const limit = 600_000;

function run(fixture: string, options: { limit?: number; isStrict?: boolean } = {}): Promise<FileOutcome> {
  const file = `./tests/runner/fixtures/${fixture}.ts`;
  return runFile(thisRuntime(), file, { limit, isStrict: false, ...options });
}

function counts({ passed, failed, skipped, problem }: FileOutcome): unknown {
  return { passed, failed, skipped, problem };
}

describe("running a test file", () => {
  test("runFile() counts tests, and not suites", async () => {
    assertEquals(counts(await run("passes")), { passed: 2, failed: 0, skipped: 0, problem: undefined });
  });

  test("runFile() counts a failed test, and keeps its message", async () => {
    const outcome = await run("fails");
    assertEquals(counts(outcome), { passed: 1, failed: 1, skipped: 0, problem: undefined });
    assertStringIncludes(outcome.output, "as it should");
  });

  test("runFile() counts a skipped test, which is a failure if isStrict is set", async () => {
    assertEquals(counts(await run("skips")), { passed: 1, failed: 0, skipped: 1, problem: undefined });
    const problem = "skipped 1 tests: none may be skipped";
    assertEquals(counts(await run("skips", { isStrict: true })), { passed: 1, failed: 1, skipped: 1, problem });
  });

  test("runFile() reports a failure if the file throws after it has registered a test", async () => {
    const outcome = await run("throws");
    assert(outcome.failed > 0);
    assertStringIncludes(outcome.output, "cut short");
  });

  test("runFile() reports a failure if the file has no tests", async () => {
    const outcome = await run("nothing");
    assertEquals(outcome.passed, 0);
    assertEquals(outcome.failed, 1);
  });

  test("runFile() reports a failure if a hook throws after the tests have passed", async () => {
    const outcome = await run("hook");
    assertEquals([outcome.passed, outcome.failed], [1, 1]);
    assertEquals(outcome.problem, "exited with code 1 although no test failed: a hook or the file itself did");
    assertStringIncludes(outcome.output, "the hook");
  });

  test("runFile() reports the signal of a crash", async () => {
    const outcome = await run("crashes");
    assertEquals(counts(outcome), { passed: 0, failed: 1, skipped: 0, problem: "crashed: killed by SIGABRT" });
  });

  test("runFile() reports a failure if the process exits with 0 before the last test", async () => {
    const outcome = await run("exits");
    assertEquals(outcome.failed, 1);
  });

  test("runFile() kills a file that hangs, and the processes that it has started", async () => {
    const outcome = await run("hangs", { limit: 2_000 });
    assertEquals(counts(outcome), { passed: 0, failed: 1, skipped: 0, problem: "hung: killed after 2 s" });
    const [, pid] = /started (\d+)/.exec(outcome.output) ?? [];
    // A killed process exists for a moment. A surviving process exists until this test hangs.
    while (pid !== undefined && existsSync(`/proc/${pid}/exe`)) await new Promise(setImmediate);
  });
});

describe("problemOf()", () => {
  const ended: Ending = { code: 0, signal: null, isHung: false };
  const good = { passed: 1, failed: 0, skipped: 0 };
  const options = { limit, isStrict: true };

  test("problemOf() returns undefined if the tests passed and the process exited with 0", () => {
    assertEquals(problemOf(ended, good, options), undefined);
  });

  test("problemOf() returns undefined if tests failed, because these are counted", () => {
    assertEquals(problemOf({ ...ended, code: 1 }, { ...good, failed: 2 }, options), undefined);
  });

  const problems: [string, Partial<Ending>, Counts | undefined][] = [
    ["hung: killed after 600 s", { isHung: true, signal: "SIGKILL" }, undefined],
    ["crashed: killed by SIGSEGV", { signal: "SIGSEGV" }, good],
    ["exited with code 134 without a report", { code: 134 }, undefined],
    ["exited with code 0 before the end of its tests", {}, undefined],
    ["exited with code 1 although no test failed: a hook or the file itself did", { code: 1 }, good],
    ["has no tests", {}, { passed: 0, failed: 0, skipped: 0 }],
    ["skipped 2 tests: none may be skipped", {}, { ...good, skipped: 2 }],
  ];
  for (const [problem, ending, counted] of problems) {
    test(`problemOf() returns "${problem}"`, () =>
      assertEquals(problemOf({ ...ended, ...ending }, counted, options), problem));
  }
});
