// Progress bars: what they draw, when, and how they keep apart from other output.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { barText } from "../../src/cli/bar_text.ts";
import { byteString, textOf } from "../../src/cli/bytes.ts";
import { parseGlobals } from "../../src/cli/globals.ts";
import { wantsBars } from "../../src/cli/silent_progress.ts";
import { ShownProgress } from "../../src/cli/work_progress.ts";
import type { Terminal } from "../../src/cli/invocation.ts";
import { EventClass } from "../../src/events/classes.ts";
import { Reporter } from "../../src/events/reporter.ts";
import { FakeClock } from "../events/fake_clock.ts";

/** What a display of 40 columns wrote to its terminal, to standard output and to standard error. */
interface Shown {
  terminal: string;
  output: string;
  readonly clock: FakeClock;
  readonly progress: ShownProgress;
}

function display({ columns = 40, variables = {}, isOutputTerminal = true }: {
  readonly columns?: number | null;
  readonly variables?: Readonly<Record<string, string>>;
  readonly isOutputTerminal?: boolean;
} = {}): Shown {
  const clock = new FakeClock();
  const write = (bytes: Uint8Array): void => void (shown.terminal += textOf(byteString(bytes)));
  const terminal: Terminal = { columns: () => columns, write };
  const progress = new ShownProgress({
    columns: () => isOutputTerminal ? columns : null,
    openTerminal: () => terminal,
    variable: (name) => variables[name],
    writeError: write,
    writeOutput: isOutputTerminal ? write : (bytes) => void (shown.output += byteString(bytes)),
  }, clock);
  const shown: Shown = { terminal: "", output: "", clock, progress };
  return shown;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ERASE = "\r\x1b[K";

describe("progress bars", () => {
  for (
    const [option, isTerminal, isTool, wants] of [
      [null, true, false, true],
      [null, false, false, false],
      [true, false, false, true],
      [false, true, false, false],
      [null, true, true, false],
    ] as const
  ) {
    const words = `${option === null ? "without an option" : option ? "asked for" : "refused"}, ` +
      `${isTerminal ? "with" : "without"} a terminal, for ${isTool ? "one of Xen's tools" : "tsxs"}`;
    test(`are ${wants ? "" : "not "}wanted ${words}`, () => {
      assertEquals(wantsBars({ progressBars: option }, isTool, { isErrorTerminal: () => isTerminal }), wants);
    });
  }

  test("the last of --progress-bars and --no-progress-bars counts", () => {
    const parsed = (...args: string[]): boolean | null => parseGlobals([...args, "ls"]).globals.progressBars;
    assertEquals([parsed(), parsed("--progress-bars"), parsed("--no-progress-bars")], [null, true, false]);
    assertEquals(parsed("--progress-bars", "--no-progress-bars"), false);
    assertEquals(parsed("--no-prog", "--prog"), true);
  });
});

describe("the line of a bar", () => {
  const state = { count: 0, columns: 31, isUtf8: false, time: "00:12" };
  for (
    const [what, text, changed] of [
      ["the start", "|   0% [---------------] 00:12", { position: 0, total: 9 }],
      ["a part", "/  25% [###------------] 00:12", { position: 1, total: 4, count: 1 }],
      ["almost all", "-  99% [##############-] 00:12", { position: 999, total: 1000, count: 2 }],
      ["all", "  100% [###############] 00:12", { position: 7, total: 7, count: 3 }],
      ["more than all", "  100% [###############] 00:12", { position: 8, total: 7, count: 3 }],
      ["a long time", "|  50% [#######-------] >1111h", { position: 1, total: 2, time: ">1111h" }],
      ["an unknown end", "| ---% [####-----------] 00:12", { position: 0, total: 1 }],
      ["an unknown end, later", "\\ ---% [##-----------##] 00:12", { position: 0, total: 1, count: 43 }],
      ["a locale with UTF-8", "◑  50% [███████░░░░░░░░] 00:12", { position: 1, total: 2, isUtf8: true, count: 2 }],
    ] as const
  ) {
    test(`a bar for ${what} leaves one column free`, () => {
      const drawn = barText({ ...state, ...changed });
      assertEquals(drawn, text);
      assertEquals([...drawn].length, state.columns - 1);
    });
  }
});

describe("a progress bar", () => {
  test("is drawn two seconds after the start, with the time that is left after three, and erased at the end", () => {
    const shown = display();
    const work = shown.progress.start("dump");
    const frames: string[] = [];
    for (let at = 1; at <= 5; at++) {
      shown.clock.pass(1000);
      work.advance(at, 16);
      frames.push(shown.terminal);
      shown.terminal = "";
    }
    assertEquals(frames, [
      "",
      "|  12% [###---------------------] --:--",
      `${ERASE}/  18% [####--------------------] 00:13`,
      `${ERASE}-  25% [######------------------] 00:12`,
      `${ERASE}\\  31% [#######-----------------] 00:11`,
    ]);
    work.done();
    assertEquals(shown.terminal, ERASE);
    shown.progress.erase();
    assertEquals(shown.terminal, ERASE);
  });

  test("moves without a number while the end is unknown", () => {
    const shown = display();
    const work = shown.progress.start("restore");
    work.pulse();
    shown.clock.pass(2000);
    assertEquals(shown.terminal, "| ---% [####--------------------] --:--");
    shown.terminal = "";
    shown.clock.pass(334);
    assertEquals(shown.terminal, `${ERASE}/ ---% [-####-------------------] --:--`);
    work.done();
    assertEquals(shown.clock.pending, 0);
  });

  for (
    const [what, setting] of [
      ["TERM is dumb", { variables: { TERM: "dumb" } }],
      ["the terminal has fewer than 32 columns", { columns: 31 }],
      ["the width is unknown", { columns: null }],
    ] as const
  ) {
    test(`writes lines of position and total if ${what}`, () => {
      const shown = display(setting);
      const work = shown.progress.start("dump");
      shown.clock.pass(2500);
      work.advance(5, 20);
      shown.clock.pass(1000);
      work.advance(10, 20);
      work.done();
      assertEquals(shown.terminal, "5/20\n10/20\n20/20\n");
    });
  }

  test("is erased before other output, and drawn again after a whole line", () => {
    const shown = display();
    const work = shown.progress.start("stat");
    shown.clock.pass(2000);
    work.advance(1, 2);
    const bar = "|  50% [############------------] --:--";
    assertEquals(shown.terminal, bar);
    shown.progress.writeError(bytes("tsxs: a warning\n"));
    assertEquals(shown.terminal, `${bar}${ERASE}tsxs: a warning\n${bar}`);
    shown.terminal = "";
    shown.progress.writeOutput(bytes("part of a line"));
    shown.clock.pass(334);
    work.advance(1, 2);
    assertEquals(shown.terminal, `${ERASE}part of a line`);
    shown.progress.writeOutput(bytes(" and its end\n"));
    assert(shown.terminal.startsWith(`${ERASE}part of a line and its end\n/  50%`), shown.terminal);
    work.fail();
    shown.progress.erase();
    assert(shown.terminal.endsWith(ERASE));
  });

  test("stays if standard output is no terminal", () => {
    const shown = display({ isOutputTerminal: false });
    const work = shown.progress.start("dump");
    shown.clock.pass(2000);
    work.advance(1, 2);
    const before = shown.terminal;
    shown.progress.writeOutput(bytes("half a line"));
    assertEquals([shown.terminal, shown.output], [before, "half a line"]);
  });

  test("is drawn after an answer, which ended the line of the question", () => {
    const shown = display();
    shown.progress.writeError(bytes("Change 2 nodes? [y/N] "));
    const work = shown.progress.start("restore");
    shown.clock.pass(2000);
    work.advance(1, 2);
    assert(shown.terminal.endsWith("[############------------] --:--"), shown.terminal);
  });

  test("follows the progress events of a source, and begins anew with each run", () => {
    const shown = display();
    const source = new Reporter();
    const following = shown.progress.follow({
      on: (_, callback) => {
        const handle = source.add(callback, EventClass.PROGRESS);
        return { [Symbol.dispose]: () => source.delete(handle) };
      },
    });
    const report = (serial: number, position: number, total: number): void => {
      const known = { type: "progress", class: EventClass.PROGRESS, operationNumber: 1001, operation: "walk" } as const;
      source.report({ ...known, serial, position, total });
    };
    report(1, 1, 8);
    shown.clock.pass(2000);
    report(1, 2, 8);
    assert(shown.terminal.endsWith("25% [######------------------] 00:12"), shown.terminal);
    report(2, 1, 8);
    assert(shown.terminal.endsWith("|  12% [###---------------------] --:--"), shown.terminal);
    following[Symbol.dispose]();
    shown.terminal = "";
    report(2, 2, 8);
    assertEquals(shown.terminal, "");
  });

  test("does not end the work if its terminal is gone", () => {
    const clock = new FakeClock();
    let isTried = false;
    const terminal: Terminal = {
      columns: () => 80,
      write: () => {
        isTried = true;
        throw new Error("EIO");
      },
    };
    const progress = new ShownProgress({
      columns: () => null,
      openTerminal: () => terminal,
      variable: () => undefined,
      writeError: () => {},
      writeOutput: () => {},
    }, clock);
    const work = progress.start("dump");
    clock.pass(2000);
    work.advance(1, 2);
    work.done();
    assertEquals(isTried, true);
  });
});
