// The output of a runtime for an uncaught error on a machine without Xen.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { commandOf, runCommand } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

const skip = ["/dev/xen/xenbus", "/proc/xen/xenbus", "/dev/xen/xenstore", "/kern/xen/xenbus"].some(existsSync);
const module = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);

/** The first use of each interface, the expected advice, and the limit of the output's lines. */
const programs = [
  {
    name: "connect()",
    code: `import { connect } from ${module("mod.ts")}; await connect();`,
    hint: 'use connect("embedded:")',
    lines: 25,
  },
  {
    name: "xs()",
    code: `import { xs } from ${module("compat/xs.ts")}; xs();`,
    hint: 'use xs({ address: "embedded:" })',
    lines: 40,
  },
  {
    name: "Client of pyxs",
    code: `import { Client } from ${module("compat/pyxs.ts")}; new Client().connect();`,
    hint: 'use new Client({ address: "embedded:" })',
    lines: 25,
  },
];

describe("an uncaught error on a machine without Xen", { skip, timeout: 60_000 }, () => {
  for (const { name, code, hint, lines } of programs) {
    test(`the output of ${name} has at most ${lines} lines, and says how to open an embedded store`, async () => {
      await inDirectory(async (directory) => {
        const file = join(directory, "program.mts");
        writeFileSync(file, code);
        const variables = { XENSTORED_PATH: undefined, XENSTORED_RUNDIR: directory, NO_COLOR: "1" };
        const ended = await runCommand(commandOf(file), variables);
        assertEquals([ended.code, ended.stdout], [1, ""]);
        assertStringIncludes(ended.stderr, `unix:${directory}/socket: No such file or directory (ENOENT)`);
        assertStringIncludes(ended.stderr, hint);
        const printed = ended.stderr.trimEnd().split("\n");
        assert(printed.length <= lines, `${printed.length} lines:\n${ended.stderr}`);
      });
    });
  }
});
