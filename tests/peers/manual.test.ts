// The manual pages under mandoc, which finds no fault in them and shows the texts of the help as they are.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { buildManual } from "../../build/manual.ts";
import { globalOptions } from "../../src/cli/help.ts";
import { helps } from "../../src/cli/help_texts.ts";
import { withPeers } from "./peers.ts";

const mandoc = (...words: string[]): string =>
  execFileSync("mandoc", words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
/** The text of a page without bold and underlined characters. */
const shown = (page: string): string => mandoc("-T", "utf8", "-O", "width=200", page).replaceAll(/.[\b]/g, "");

withPeers("the manual pages under mandoc", () => {
  describe("the manual pages under mandoc", () => {
    const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
    before(() => buildManual(directory));
    after(() => rmSync(directory, { recursive: true }));

    test("mandoc has no remark on any page", () => {
      const pages = readdirSync(directory).map((name) => join(directory, name));
      assert(pages.length > 20);
      // The status is not 0 if there is a remark.
      assertEquals(mandoc("-T", "lint", ...pages), "");
    });

    test("mandoc shows every option, status, variable and example of the help as the help does", () => {
      for (const [name, { options, statuses = [], environment = [], examples }] of helps) {
        const text = shown(join(directory, `tsxs-${name}.1`));
        for (const [left, right] of [...options, ...statuses, ...environment, ...examples]) {
          assertStringIncludes(text, left, name);
          assertStringIncludes(text, right, name);
        }
      }
      const text = shown(join(directory, "tsxs.1"));
      for (const [left] of globalOptions) assertStringIncludes(text, left);
    });
  });
});
