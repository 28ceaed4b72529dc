// The history of the shell: its file, its mode, its bounds, and what it does if it cannot be written.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { History, historyFile, LINES_MAX } from "../../../src/cli/shell/history.ts";
import { inDirectory } from "../../support/socket.ts";

function fail(error: unknown): never {
  throw error;
}

describe("historyFile()", () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, string | null])[] = [
    [{ HOME: "/home/a" }, "/home/a/.local/state/tsxs/history"],
    [{ HOME: "/home/a", XDG_STATE_HOME: "/s" }, "/s/tsxs/history"],
    [{ HOME: "/home/a", XDG_STATE_HOME: "" }, "/home/a/.local/state/tsxs/history"],
    [{ HOME: "/home/a", XDG_STATE_HOME: "relative" }, "/home/a/.local/state/tsxs/history"],
    [{ HOME: "/home/a", TSXS_HISTORY: "/x" }, "/x"],
    [{ HOME: "/home/a", TSXS_HISTORY: "" }, null],
    [{}, null],
  ];
  for (const [variables, expected] of cases) {
    test(`the file of the history with ${JSON.stringify(variables)} is ${expected}`, () => {
      assertEquals(historyFile((name) => variables[name]), expected);
    });
  }
});

describe("History", () => {
  test("keeps lines for the next shell, in a file and directories of its owner alone", () =>
    inDirectory((directory) => {
      const file = join(directory, "state", "tsxs", "history");
      const history = new History(file, fail);
      assertEquals([history.add("read /a"), history.add("read /b"), history.add("read /b")], [true, true, false]);
      assertEquals(history.newestFirst, ["read /b", "read /a"]);
      assertEquals(readFileSync(file, "utf8"), "read /a\nread /b\n");
      assertEquals(statSync(file).mode & 0o777, 0o600);
      assertEquals(statSync(join(directory, "state")).mode & 0o777, 0o700);
      assertEquals(new History(file, fail).newestFirst, ["read /b", "read /a"]);
      return Promise.resolve();
    }));

  test("leaves out empty lines, lines that begin with a space, long lines and control characters", () =>
    inDirectory((directory) => {
      const file = join(directory, "history");
      const history = new History(file, fail);
      for (const line of ["", " secret", "\tx", "x".repeat(5000), "a\x1b[31m"]) assertEquals(history.add(line), false);
      assertEquals(existsSync(file), false);
      return Promise.resolve();
    }));

  test("takes the access of others from a file that others could read", () =>
    inDirectory((directory) => {
      const file = join(directory, "history");
      writeFileSync(file, "old\n");
      chmodSync(file, 0o644);
      new History(file, fail).add("new");
      assertEquals([statSync(file).mode & 0o777, readFileSync(file, "utf8")], [0o600, "old\nnew\n"]);
      return Promise.resolve();
    }));

  test("is bounded in memory and in the file, also through a link, and leaves no other file", () =>
    inDirectory((directory) => {
      mkdirSync(join(directory, "real"));
      const [file, target] = [join(directory, "history"), join(directory, "real", "history")];
      writeFileSync(target, Array.from({ length: 3 * LINES_MAX }, (_, i) => `old ${i}\n`).join(""));
      symlinkSync(target, file);
      const history = new History(file, fail);
      assertEquals(history.newestFirst.length, LINES_MAX);
      assertEquals(readFileSync(target, "utf8").split("\n").length, LINES_MAX + 1);
      assertEquals(statSync(target).mode & 0o777, 0o600);
      for (let i = 0; i <= LINES_MAX; i++) history.add(`new ${i}`);
      const lines = readFileSync(target, "utf8").split("\n");
      assertEquals([lines.length, lines[0], lines.at(-2)], [LINES_MAX + 1, "new 1", `new ${LINES_MAX}`]);
      assertEquals(history.newestFirst.length, LINES_MAX);
      assertEquals(readdirSync(join(directory, "real")), ["history"]);
      return Promise.resolve();
    }));

  test("reads the end of a file of any size only, from the beginning of a line", () =>
    inDirectory((directory) => {
      const file = join(directory, "history");
      writeFileSync(file, `${"x".repeat(3_000_000)}\nlast\n`);
      assertEquals(new History(file, fail).newestFirst, ["last"]);
      return Promise.resolve();
    }));

  for (const file of ["/proc/nothing/tsxs/history", "/dev/null/x", "/proc/self/cmdline/x"]) {
    test(`a history in ${file} cannot be kept, which is told once`, () => {
      const failures: unknown[] = [];
      const history = new History(file, (error) => failures.push(error));
      assertEquals([history.add("a"), history.add("b")], [true, true]);
      assertEquals([failures.length, history.newestFirst], [1, ["b", "a"]]);
    });
  }

  test("a file that is no regular file, such as /dev/null, keeps nothing and is left as it is", () => {
    const before = statSync("/dev/null").mode;
    const history = new History("/dev/null", fail);
    assertEquals([history.add("a"), history.newestFirst], [true, ["a"]]);
    assertEquals(statSync("/dev/null").mode, before);
  });
});
