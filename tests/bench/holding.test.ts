// What `npm run bench:held` decides, with numbers instead of a machine: attempts, margins, and what is missing.

import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { holdAll, type Holding, measureAll } from "../../bench/holding.ts";
import type { Ratios } from "../../bench/judge.ts";
import type { Ratio } from "../../bench/ratios.ts";

const read: Ratio = { name: "read", group: "requests", cpus: 1, margin: 1.5 };
const polling: Ratio = { name: "polling", group: "requests on two CPUs", cpus: 2, margin: 2 };
const runtimes = ["Node 20", "Bun 1"];
const committed: Ratios = { read: { "Node 20": 1, "Bun 1": 0.8 }, polling: { "Node 20": 0.5, "Bun 1": 0.6 } };

/** What was held, what was asked to be measured, and what was printed. */
interface Outcome {
  readonly held: boolean;
  readonly asked: readonly string[];
  readonly printed: string;
  readonly opened: number;
  readonly closed: number;
}

/** Holds ratios on a machine whose attempts measure these ratios, and the last ones from then on. */
async function outcome(
  attempts: readonly Ratios[],
  change: Partial<Holding> & { cpus?: number } = {},
): Promise<Outcome> {
  const { cpus = 2, ...changed } = change;
  const asked: string[] = [];
  const lines: string[] = [];
  let [opened, closed] = [0, 0];
  const held = await holdAll({
    ratios: [read, polling],
    runtimes,
    committed,
    isCi: false,
    open() {
      opened++;
      return Promise.resolve({
        cpus,
        measure(ratios) {
          asked.push(ratios.map(({ name }) => name).join());
          return Promise.resolve(attempts[asked.length - 1] ?? attempts.at(-1) ?? {});
        },
        [Symbol.asyncDispose]() {
          closed++;
          return Promise.resolve();
        },
      });
    },
    print: (line) => lines.push(line),
    ...changed,
  });
  return { held, asked, printed: lines.join("\n"), opened, closed };
}

/** The committed ratios with others for a name. */
function but(name: string, ratios: Readonly<Record<string, number>>): Ratios {
  return { ...committed, [name]: { ...committed[name], ...ratios } };
}

describe("holding ratios", () => {
  test("ratios within their margins are held at the first attempt", async () => {
    const { held, asked, opened, closed } = await outcome([but("polling", { "Node 20": 1 })]);
    assert(held);
    assertEquals(asked, ["read,polling"]);
    assertEquals([opened, closed], [1, 1]);
  });

  test("a ratio that is worse in three attempts fails, and is named with both numbers", async () => {
    const { held, asked, printed, closed } = await outcome([but("read", { "Bun 1": 1.21 })]);
    assert(!held);
    assertEquals(asked, ["read,polling", "read", "read"]);
    assertStringIncludes(printed, "read, on Bun 1: 1.21, committed 0.8");
    assert(!printed.includes("polling, on"), printed);
    assertEquals(closed, 1);
  });

  test("a ratio that is worse in two attempts is held by the third", async () => {
    const { held, asked } = await outcome([but("read", { "Bun 1": 5 }), but("read", { "Bun 1": 5 }), committed]);
    assert(held);
    assertEquals(asked.length, 3);
  });

  test("a ratio that was held once does not fail later, when another one is measured again", async () => {
    const { held } = await outcome([but("read", { "Bun 1": 5 }), but("read", { "Node 20": 5 })]);
    assert(held);
  });

  test("each ratio has its own margin", async () => {
    assert(!(await outcome([but("read", { "Node 20": 1.6 })])).held);
    assert((await outcome([but("polling", { "Node 20": 0.8 })])).held);
    assert(!(await outcome([but("polling", { "Node 20": 1.01 })])).held);
  });

  test("a ratio that is no number fails", async () => {
    const { held, printed } = await outcome([but("read", { "Node 20": NaN })]);
    assert(!held);
    assertStringIncludes(printed, "read, on Node 20: NaN, committed 1");
  });

  test("a ratio without a measurement fails, for one runtime and for all", async () => {
    const one = await outcome([{ ...committed, read: { "Node 20": 1 } }]);
    assert(!one.held);
    assertStringIncludes(one.printed, "read, on Bun 1: not measured, committed 0.8");
    assert(!(await outcome([{ ...committed, read: {} }])).held);
    assert(!(await outcome([{}])).held);
  });

  test("a ratio that is not committed fails before anything is measured, and names the command that commits it", async () => {
    for (const incomplete of [{ polling: committed.polling ?? {} }, { ...committed, read: { "Node 20": 1 } }]) {
      const { held, asked, printed, opened } = await outcome([committed], { committed: incomplete });
      assert(!held);
      assertEquals([asked.length, opened], [0, 0]);
      assertStringIncludes(printed, "read, on Bun 1: no ratio");
      assertStringIncludes(printed, "npm run bench:held -- --write");
    }
  });

  test("a committed ratio that no positive number is fails", async () => {
    const json: Ratios = JSON.parse('{ "read": { "Node 20": null, "Bun 1": 0 }, "polling": { "Node 20": "1" } }');
    const { held, printed } = await outcome([committed], { committed: json });
    assert(!held);
    for (const cell of ["read, on Node 20", "read, on Bun 1", "polling, on Node 20", "polling, on Bun 1"]) {
      assertStringIncludes(printed, `${cell}: no ratio`);
    }
  });

  test("a committed ratio of an unknown name or runtime fails", async () => {
    const name = await outcome([committed], { committed: { ...committed, gone: { "Node 20": 1 } } });
    assert(!name.held);
    assertStringIncludes(name.printed, "gone: no measurement has this name");
    const runtime = await outcome([committed], { committed: but("read", { "Node 22": 1 }) });
    assert(!runtime.held);
    assertStringIncludes(runtime.printed, "read, on Node 22: not a runtime of CI");
  });
});

describe("holding ratios on one CPU", () => {
  test("the ratios that need two CPUs are skipped by name", async () => {
    const { held, asked, printed } = await outcome([{ read: committed.read ?? {} }], { cpus: 1 });
    assert(held);
    assertEquals(asked, ["read"]);
    assertStringIncludes(printed, "Skipped, since only one CPU may be used:\n  polling");
  });

  test("CI fails instead of skipping", async () => {
    const { held, asked } = await outcome([committed], { cpus: 1, isCi: true });
    assert(!held);
    assertEquals(asked, []);
    assert((await outcome([committed], { isCi: true })).held);
  });
});

describe("ratios to commit", () => {
  async function toCommit(measured: Ratios, cpus: number): Promise<{ ratios: Ratios | null; printed: string }> {
    const lines: string[] = [];
    const measure = () => Promise.resolve(measured);
    const open = () => Promise.resolve({ cpus, measure, [Symbol.asyncDispose]: () => Promise.resolve() });
    const ratios = await measureAll({ ratios: [read, polling], runtimes, open, print: (line) => lines.push(line) });
    return { ratios, printed: lines.join("\n") };
  }

  test("what was measured is returned if it is complete", async () => {
    assertEquals((await toCommit(committed, 2)).ratios, committed);
  });

  test("nothing is returned if a ratio is missing or no number", async () => {
    const missing = await toCommit({ read: committed.read ?? {} }, 2);
    assertEquals(missing.ratios, null);
    assertStringIncludes(missing.printed, "polling, on Bun 1: no ratio");
    assertEquals((await toCommit(but("read", { "Node 20": NaN }), 2)).ratios, null);
  });

  test("nothing is returned on one CPU", async () => {
    const { ratios, printed } = await toCommit(committed, 1);
    assertEquals(ratios, null);
    assertStringIncludes(printed, "Skipped, since only one CPU may be used:\n  polling");
  });
});
