// The runner of mutations, on a fixture with two protections of which a test notices one.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { root } from "../runner/runtimes.ts";
import { mutate, type Verdict } from "./mutate.ts";
import { faultsOf, type Protection } from "./protection.ts";
import { protections } from "./protections.ts";

const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);
const options = { executable: isNode ? process.execPath : "node", limit: 600_000 };

const upper: Protection = {
  name: "a protection whose test fails without it",
  file: "tests/mutate/fixtures/guarded.ts",
  remove: "if (value > 10) return 10;",
  testFile: "tests/mutate/fixtures/guarded_tests.ts",
  test: "guarded() returns 10 for (a) larger number > 10",
};

const returnsItself = "guarded() returns the number itself";
const returnsSeven = "guarded() returns 7 for 8";

/** Entries that are not as they should be, by the problem of each; null if it is as it should be. */
const entries: readonly [Protection, string | null][] = [
  [upper, null],
  [
    { ...upper, name: "a protection that no test notices", remove: "if (value < 0) return 0;" },
    `without the protection, ${JSON.stringify(upper.test)} of ${upper.testFile} passed`,
  ],
  [
    {
      ...upper,
      name: "a protection whose named test passes while another test of the file fails",
      test: returnsItself,
    },
    `without the protection, "${returnsItself}" of ${upper.testFile} passed`,
  ],
  [
    { ...upper, name: "a protection whose test fails anyway", test: returnsSeven },
    `with the protection, "${returnsSeven}" of ${upper.testFile} failed`,
  ],
  [
    { ...upper, name: "a protection whose test does not exist", test: "guarded() is gone" },
    `with the protection, "guarded() is gone" of ${upper.testFile} did not run`,
  ],
  [
    { ...upper, name: "a protection without which the file does not load", instead: "}}" },
    `without the protection, ${JSON.stringify(upper.test)} of ${upper.testFile} did not run`,
  ],
  [
    { ...upper, name: "an entry whose text is no longer in the file", remove: "if (value > 11)" },
    `its text occurs 0 times in ${upper.file}: it must occur once: "if (value > 11)"`,
  ],
  [
    { ...upper, name: "an entry whose text is in the file twice", remove: "if (value" },
    `its text occurs 2 times in ${upper.file}: it must occur once: "if (value"`,
  ],
  [{ ...upper, name: "an entry that names no source file", file: "src/none.ts" }, "src/none.ts does not exist"],
  [{ ...upper, name: "an entry that names no test file", testFile: "tests/none.ts" }, "tests/none.ts does not exist"],
  [{ ...upper, name: "an entry that removes nothing", remove: "" }, "it removes nothing"],
  [{ ...upper }, "the list has this name twice"],
];

/** One run for all tests, since each removal starts a process. */
const running: { verdicts?: Promise<Verdict[]> } = {};

async function problemOf(protection: Protection): Promise<string | null> {
  const verdicts = await (running.verdicts ??= mutate(entries.map(([entry]) => entry), options));
  const verdict = verdicts.find((one) => one.protection === protection);
  assert(verdict !== undefined);
  return verdict.problem;
}

describe("mutate()", () => {
  for (const [entry, problem] of entries) {
    test(problem === null ? `passes ${entry.name}` : `fails ${entry.name}: ${problem}`, async () => {
      assertEquals(await problemOf(entry), problem);
    });
  }

  test("leaves the work tree as it is, also while it runs", async () => {
    const source = readFileSync(join(root, upper.file), "utf8");
    const seen: string[] = [];
    const onVerdict = (): void => void seen.push(readFileSync(join(root, upper.file), "utf8"));
    await mutate([upper], { ...options, onVerdict });
    assertEquals(seen, [source]);
  });
});

describe("the list of protections", () => {
  test("has only entries whose text is exactly once in its file", () => {
    const faults = [...faultsOf(protections, root)].map(([{ name }, fault]) => `${name}: ${fault}`);
    assertEquals(faults, []);
  });

  test("has protections of every room", () => {
    const rooms = ["src/client/", "src/daemon/", "src/wire/", "src/blocking/", "src/transport/"];
    const missing = rooms.filter((room) => !protections.some(({ file }) => file.startsWith(room)));
    assertEquals([missing, protections.length >= 60], [[], true]);
  });
});
