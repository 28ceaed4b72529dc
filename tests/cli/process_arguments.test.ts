// The arguments of a process as bytes, and the name of the command.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { bytesOf } from "../../src/cli/bytes.ts";
import { argumentsOf, programOf } from "../../src/cli/process_arguments.ts";

const unreadable = (): Uint8Array => {
  throw new Error("no /proc");
};

describe("the arguments of a process", () => {
  test("argumentsOf() takes the bytes that the kernel keeps, after the arguments of the runtime", () => {
    const kept = bytesOf("node\0--flag\0/bin/xenstore-write\0/a\0\xff\xc3\0\0");
    const decoded = ["/lib/tsxs/cli.js", "/a", "\ufffd\ufffd", ""];
    assertEquals(argumentsOf(decoded, () => kept), ["/bin/xenstore-write", "/a", "\xff\xc3", ""]);
  });

  test("argumentsOf() finds the two hyphens that Bun drops", () => {
    for (const rest of [["--", "-p"], ["--"], ["--", "--", "-p"]]) {
      const kept = bytesOf(["bun", "./tsxs", ...rest, ""].join("\0"));
      assertEquals(argumentsOf(["/lib/cli.js", ...rest.slice(1)], () => kept), ["./tsxs", ...rest]);
    }
  });

  test("argumentsOf() gives the bytes in UTF-8 if the kernel does not keep them", () => {
    assertEquals(argumentsOf(["é", "a"], unreadable), ["\xc3\xa9", "a"]);
  });

  test("argumentsOf() throws instead of losing bytes", () => {
    assertThrows(() => argumentsOf(["a\ufffd"], unreadable), Error, "it is not UTF-8");
  });
});

describe("the name of the command", () => {
  for (
    const [script, path, program] of [
      ["/usr/bin/xenstore-read", "/sbin:/usr/bin", "xenstore-read"],
      ["/opt/xen/xenstore-read", "/usr/bin", "/opt/xen/xenstore-read"],
      ["./xenstore-read", undefined, "./xenstore-read"],
      ["xenstore-read", "", "xenstore-read"],
      ["/usr/bin/tsxs", "/usr/bin", "tsxs"],
      ["/repository/dist/cli.js", "/usr/bin", "tsxs"],
      ["file:///repository/src/cli/start.ts", "/usr/bin", "tsxs"],
      ["npm:tsxs", "/usr/bin", "tsxs"],
    ] as const
  ) {
    test(`${script} is called as ${program} if PATH is ${path}`, () => assertEquals(programOf(script, path), program));
  }
});
