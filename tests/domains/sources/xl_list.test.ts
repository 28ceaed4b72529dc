// The states that `xl list` tells: its table, and the program.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { SourceProblem } from "../../../src/domains/sources/problems.ts";
import { XlList, xlList } from "../../../src/domains/sources/xl_list.ts";
import { parseXlTable } from "../../../src/domains/sources/xl_table.ts";
import { XenStoreError } from "../../../src/wire/errors.ts";
import { Directory } from "../../support/directory.ts";

const titles = "Name                                        ID   Mem VCPUs\tState\tTime(s)";
const verbose = `${titles}   UUID                            Reason-Code\tSecurity Label`;
const uuid = "0f6a8ed2-cd54-4b1f-8ff2-5bd34c4b9d5c";

/** A row as xl prints it. */
function row(name: string, id: number, letters: string, end = ""): string {
  const numbers = `${String(id).padStart(5)} ${"512".padStart(5)} ${"2".padStart(5)}`;
  return `${name.padEnd(40)} ${numbers}     ${letters}  ${"12.5".padStart(8)}${end}`;
}

describe("parseXlTable()", () => {
  const rows: readonly (readonly [string, string, number, string, string | null, string | null])[] = [
    [row("Domain-0", 0, "r-----"), "Domain-0", 0, "r-----", null, null],
    [row("web", 12, "-b----", ` ${uuid}        -                -`), "web", 12, "-b----", null, uuid],
    [row("two words 7", 3, "--p---"), "two words 7", 3, "--p---", null, null],
    [row("(null)", 4, "-----d", ` ${uuid}        -`), "(null)", 4, "-----d", null, uuid],
    [row("off", 5, "---s--", ` ${uuid}        0`), "off", 5, "---s--", "-", uuid],
    [row("again", 6, "---sr-"), "again", 6, "---s--", "r", null],
    [row("asleep", 7, "---ss-"), "asleep", 7, "---s--", "s", null],
    [row("broken", 8, "---sc-"), "broken", 8, "---sc-", "c", null],
    [row("barked", 9, "---sw-"), "barked", 9, "---s--", "w", null],
    [row("n".repeat(64), 65535, "------"), "n".repeat(64), 65535, "------", null, null],
  ];
  for (const [line, name, id, letters, shutdownReason, owner] of rows) {
    test(`parseXlTable() takes ${JSON.stringify(line)}`, () => {
      const { rows: [parsed], others } = parseXlTable(`${titles}\n${line}\n`);
      assertEquals(parsed, { name, id, letters, shutdownReason, uuid: owner });
      assertEquals(others, []);
    });
  }

  test("parseXlTable() returns the lines that are not rows", () => {
    const lines = ["parsing config", row("big", 65536, "r-----"), row("odd", 1, "rbpx--"), "", row("web", 1, "r-----")];
    const { rows: parsed, others } = parseXlTable([verbose, ...lines].join("\n"));
    assertEquals(parsed.map(({ name }) => name), ["web"]);
    assertEquals(others, lines.slice(0, 3));
  });
});

describe("XlList", () => {
  const printing = (stdout: string) => () => Promise.resolve({ status: 0, stdout, stderr: "" });

  test("XlList tells the states by the numbers of the domains, with the program as evidence", async () => {
    const stdout = [verbose, row("Domain-0", 0, "r-----"), row("web", 4, "--p---", ` ${uuid}        -`), ""].join("\n");
    const source = xlList({ run: printing(stdout) });
    assertEquals([source.name, source.answers], ["xlList", ["state"]]);
    const { states, problems } = await source.read();
    assertEquals([...states ?? []], [
      [0, { letters: "r-----", shutdownReason: null, uuid: null, evidence: "xl list" }],
      [4, { letters: "--p---", shutdownReason: null, uuid, evidence: "xl list" }],
    ]);
    assertEquals(problems, []);
  });

  test("XlList leaves out a domain that has two rows, since a name may look like one", async () => {
    const seen: SourceProblem[] = [];
    const stdout = [titles, row("web", 4, "r-----"), row("evil", 5, "r-----"), row("web", 4, "--p---"), "junk"].join(
      "\n",
    );
    const source = new XlList({ run: printing(stdout), onProblem: (problem) => void seen.push(problem) });
    const { states, problems } = await source.read();
    assertEquals([...states?.keys() ?? []], [5]);
    assertEquals(problems.map(({ entry }) => entry), ["junk", "domain 4"]);
    assertEquals(seen, problems);
  });

  test("XlList runs the program with `list -v`, without a shell", async () => {
    using directory = new Directory({
      "x l;": { program: `#!/bin/sh\nprintf '%s\\n' "${titles}" "${row("$*", 7, "r-----")}"\n` },
    });
    const { states, problems } = await new XlList({ program: directory.at("x l;") }).read();
    assertEquals([[...states?.keys() ?? []], problems], [[7], []]);
  });

  test("XlList rejects with the system's code if the program does not start", async () => {
    const error = await assertRejects(() => new XlList({ program: "/nothing/xl" }).read(), XenStoreError);
    assertEquals([error.code, error.message], ["ENOENT", 'xlList: cannot run "/nothing/xl": ENOENT']);
  });

  test("XlList rejects with the message of a program that fails", async () => {
    using directory = new Directory({ xl: { program: "#!/bin/sh\necho 'no \x1b[31m Xen' >&2\nexit 3\n" } });
    const error = await assertRejects(() => new XlList({ program: directory.at("xl") }).read(), XenStoreError);
    assertEquals(error.code, "EIO");
    assert(error.message.endsWith('list -v" failed: it ended with status 3: "no \\u001b[31m Xen"'), error.message);
  });

  test("XlList rejects if a signal ends the program", async () => {
    using directory = new Directory({ xl: { program: "#!/bin/sh\nkill -9 $$\n" } });
    const error = await assertRejects(() => new XlList({ program: directory.at("xl") }).read(), XenStoreError);
    assert(error.message.endsWith('list -v" failed: a signal ended it'), error.message);
  });

  test("XlList ends a program that hangs when its signal is aborted", async () => {
    using directory = new Directory({ xl: { program: `#!/bin/sh\necho > "$0.started"\nexec tail -f /dev/null\n` } });
    const abort = new AbortController();
    const reading = new XlList({ program: directory.at("xl") }).read({ signal: abort.signal });
    abort.abort(new Error("enough"));
    await assertRejects(() => reading, Error, "enough");
  });
});
