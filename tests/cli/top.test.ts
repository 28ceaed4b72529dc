// What changes in a store: how changes are counted, sorted and drawn, and the tables of `top`.

import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Activity, partOf } from "../../src/cli/top/activity.ts";
import { ChangeCounter } from "../../src/cli/top/change_counter.ts";
import { plainLines, roomOf, screenLines, type View } from "../../src/cli/top/view.ts";
import { connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { run } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";

function counted(...keys: string[]): ChangeCounter {
  const counter = new ChangeCounter();
  for (const key of keys) counter.add(key);
  return counter;
}

describe("a counter of changes", () => {
  test("tells the total, and the rate of the last interval", () => {
    const counter = counted("/a", "/a", "/b");
    counter.tick(2);
    assertEquals(counter.rows("rate", 9), [{ key: "/a", total: 2, rate: 1 }, { key: "/b", total: 1, rate: 0.5 }]);
    counter.add("/b");
    counter.tick(0.5);
    assertEquals(counter.rows("rate", 9), [{ key: "/b", total: 2, rate: 2 }, { key: "/a", total: 2, rate: 0 }]);
  });

  for (
    const [order, keys] of [
      ["rate", ["/c", "/a", "/b", "/d"]],
      ["total", ["/a", "/b", "/c", "/d"]],
      ["name", ["/a", "/b", "/c", "/d"]],
    ] as const
  ) {
    test(`sorts by ${order}, and returns no more rows than wanted`, () => {
      const counter = counted("/a", "/a", "/a", "/a", "/b", "/b", "/b", "/d");
      counter.tick(1);
      for (const key of ["/c", "/c"]) counter.add(key);
      counter.tick(1);
      assertEquals(counter.rows(order, 9).map(({ key }) => key), [...keys]);
      assertEquals(counter.rows(order, 2).map(({ key }) => key), keys.slice(0, 2));
    });
  }

  test("forgets the keys with the fewest changes if a guest changes too many paths", () => {
    const counter = counted("/hot", "/hot", "/hot");
    let most = 0;
    for (let i = 0; i < 20_000; i++) {
      counter.add(`/guest/${i}`);
      most = Math.max(most, counter.size);
    }
    assertEquals(most, 4096);
    assertEquals(counter.rows("total", 1), [{ key: "/hot", total: 3, rate: 0 }]);
  });
});

describe("the part of a path", () => {
  for (
    const [path, part] of [
      ["/local/domain/5/data/x", "5"],
      ["/local/domain/0", "0"],
      ["/local/domain/x/y", "/local"],
      ["/local/domain/123456/y", "/local"],
      ["/local/domain", "/local"],
      ["/vm/some-uuid/name", "/vm"],
      ["/", "/"],
    ] as const
  ) {
    test(`${path} belongs to ${part}`, () => assertEquals(partOf(path), part));
  }
});

/** A view of changes of some paths within two seconds. */
function viewOf(counts: Readonly<Record<string, number>>, changed: Partial<View> = {}): View {
  const activity = new Activity();
  for (const [path, count] of Object.entries(counts)) for (let i = 0; i < count; i++) activity.add(path);
  activity.tick(2);
  const names = new Map([["5", "guest\x1b[2J\u00e2\u0080\u00ae"]]);
  return { snapshot: activity.snapshot("rate", 99, 99), names, order: "rate", isPaused: false, ...changed };
}

const view = viewOf({ "/local/domain/5/data/\x1b]0;evil\x07": 30, "/vm/a-long-name-of-a-path-that-is-cut": 1 });

describe("the view of changes", () => {
  test("a plain table has the rates and the totals by domain and by path, and escapes what guests wrote", () => {
    assertEquals(plainLines(view, 72), [
      "31 changes in 2 s   now 16/s   average 16/s",
      "",
      "DOMAIN                                       NOW/S  AVERAGE/S    CHANGES",
      "5 guest\\x1b[2J\\xe2\\x80\\xae                      15         15         30",
      "/vm                                            0.5        0.5          1",
      "",
      "PATH                                         NOW/S  AVERAGE/S    CHANGES",
      "/local/domain/5/data/\\x1b]0;evil\\007            15         15         30",
      "/vm/a-long-name-of-a-path-that-is-cut          0.5        0.5          1",
    ]);
  });

  for (const [rows, columns] of [[24, 80], [10, 40], [5, 20], [50, 200]] as const) {
    test(`a screen of ${rows} rows and ${columns} columns is filled, and no line is too long`, () => {
      const lines = screenLines(view, rows, columns);
      assertEquals(lines.length, rows);
      assert(lines.every(({ text }) => text.length <= columns && /^[ -~]*$/.test(text)), JSON.stringify(lines));
      assertEquals(lines.at(-1)?.text, "q quit   p pause   r by rate   t by total   n by name".slice(0, columns));
    });
  }

  test("a screen tells the order or the pause, and marks the headings", () => {
    assertMatch(screenLines(view, 24, 80)[0]?.text ?? "", / sorted by rate$/);
    assertMatch(screenLines({ ...view, isPaused: true }, 24, 80)[0]?.text ?? "", / paused$/);
    const headings = screenLines(view, 24, 80).filter(({ isHeading }) => isHeading).map(({ text }) => text.slice(0, 6));
    assertEquals(headings, ["DOMAIN", "PATH  "]);
  });

  test("a path is cut at its start", () => {
    const narrow = plainLines(view, 53).at(-1) ?? "";
    assertMatch(narrow, /^\.\.\.-path-that-is-cut +0\.5 +0\.5 +1$/);
  });

  test("two thirds of the rows are for paths", () => assertEquals(roomOf(24), { domains: 6, paths: 12 }));
});

describe("top without a terminal", () => {
  test("top --json prints an object on a line after each interval, with the names of domains", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await store.write("/local/domain/7/name", "guest \u202e");
    const lines: string[] = [];
    let enough: () => void = () => {};
    const seen = new Promise<void>((resolve) => enough = resolve);
    const writeOutput = (bytes: Uint8Array): void => {
      lines.push(new TextDecoder().decode(bytes));
      if (lines.at(-1)?.includes('"path":"/local/domain/7/x"')) {
        enough();
        throw Object.assign(new Error("closed"), { code: "EPIPE" });
      }
    };
    const running = run(() => daemon.connect(), ["tsxs", "top", "--json", "-i", "0.01"], { writeOutput });
    let isOver = false;
    const changing = (async () => {
      while (!isOver) {
        await store.write("/local/domain/7/x", "1");
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    await seen;
    isOver = true;
    await changing;
    assertEquals((await running).ending, "SIGPIPE");
    const last = JSON.parse(lines.at(-1) ?? "");
    assertEquals([last.domains[0].domain, last.domains[0].name], ["7", "guest \u202e"]);
    assert(last.changes >= last.paths[0].changes && last.paths[0].changes > 0 && last.seconds > 0);
    assert(lines.every((line) => /^\{[ -~]*\}\n$/.test(line)), lines.join(""));
  });

  test("top prints one table after an interval, also with --once on a terminal, and counts no change if none came", async () => {
    await using daemon = new Daemon();
    const empty = "DOMAIN                                               NOW/S  AVERAGE/S    CHANGES\n";
    for (const [words, columns] of [[["-i", "0.01"], null], [["--once", "-i", "0.01"], 80]] as const) {
      const { ending, stdout, stderr } = await run(() => daemon.connect(), ["tsxs", "top", ...words], { columns });
      assertEquals([ending, stderr], [0, ""]);
      assertMatch(stdout, /^0 changes in [\d.]+ s {3}now 0\.0\/s {3}average 0\.0\/s\n\n/);
      assertEquals(stdout.split("\n").slice(2).join("\n"), `${empty}\n${empty.replace("DOMAIN", "PATH  ")}`);
    }
  });

  test("top fails if the store refuses the watch, if the connection ends, and if the interval is invalid", async () => {
    const peer = new Peer();
    peer.serve((request) => request.error("EACCES"));
    assertEquals(await run(() => peer.transport, ["tsxs", "top"]), {
      ending: 1,
      stdout: "",
      stderr: "tsxs: cannot watch /: Permission denied\n",
    });
    const other = new Peer();
    other.serve((request) => {
      request.ok();
      other.cut();
    });
    const { ending, stdout } = await run(() => other.transport, ["tsxs", "top", "-i", "1000"]);
    assertEquals([ending, stdout], [1, ""]);
    const { stderr } = await run(() => peer.transport, ["tsxs", "top", "-i", "0"]);
    assertMatch(stderr, /^tsxs: invalid --interval '0'/);
  });
});
