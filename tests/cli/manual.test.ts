// The manual pages: one for the command and one for each subcommand, with the sections of a manual and in plain roff.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { manualPages, subcommandPage } from "../../build/manual.ts";
import { helps } from "../../src/cli/help_texts.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const pages = manualPages("2026-01-31");
const sections = [
  "NAME",
  "SYNOPSIS",
  "DESCRIPTION",
  "OPTIONS",
  "EXIT STATUS",
  "ENVIRONMENT",
  "EXAMPLES",
  "SEE ALSO",
];

describe("the manual pages", () => {
  test("the command and every subcommand have a page, which package.json names", () => {
    const expected = ["tsxs.1", ...[...helps.keys()].map((name) => `tsxs-${name}.1`)];
    assertEquals([...pages.keys()], expected);
    const { man }: { readonly man: readonly string[] } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    assertEquals([...man].sort(), expected.map((page) => `./dist/man/${page}`).sort());
  });

  for (const [name, text] of pages) {
    test(`${name} has the sections of a manual page in their order`, () => {
      const titles = [...text.matchAll(/^\.SH "?([A-Z ]+)"?$/gm)].map(([, title]) => title);
      assertEquals(titles.filter((title) => title !== "SUBCOMMANDS"), sections);
      assertStringIncludes(text, ` 1 2026-01-31 "tsxs `);
    });

    test(`${name} has only requests that man(7) has, in ASCII`, () => {
      const requests = [...text.matchAll(/^[.'](\S+)/gm)].map(([, request = ""]) => request);
      assertEquals(
        requests.filter((request) => !['\\"', "TH", "SH", "PP", "TP", "BR", "UR", "UE"].includes(request)),
        [],
      );
      assert(/^[\n -~]*$/.test(text));
    });
  }

  test("quotes, backslashes, hyphens, dots and other characters are escaped", () => {
    const text = subcommandPage("x", {
      summary: "print .dots and 'quotes'",
      usage: "[-p] A...",
      options: [["-p, --pre-fix WORD", ".first of a line, well-known, a-z, - and --pre-fix"]],
      examples: [[`tsxs x '\\n' "é" ~^\``, "'quoted'"]],
    }, "2026-01-31");
    assertStringIncludes(text, "print .dots and \\(aqquotes\\(aq");
    assertStringIncludes(text, "\\fB\\-p\\fR, \\fB\\-\\-pre\\-fix\\fR \\fIWORD\\fR\n");
    assertStringIncludes(text, "\n\\&.first of a line, well-known, a\\-z, \\- and \\-\\-pre\\-fix\n");
    assertStringIncludes(
      text,
      "\\fBtsxs x \\(aq\\(rsn\\(aq \\(dq\\[u00E9]\\(dq \\(ti\\(ha\\(ga\\fR\n\\(aqquoted\\(aq\n",
    );
  });
});
