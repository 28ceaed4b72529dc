// The faults of the C tools that the command does not repeat.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import { ATTEMPTS } from "../../src/cli/transacted.ts";
import { Printer, writeAll } from "../../src/cli/printer.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import { run } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";

describe("the faults of the tools", () => {
  test("watch ends with a message when the daemon dies", async () => {
    const peer = new Peer();
    peer.serve((request) => {
      request.ok();
      peer.event("/a", "/a");
      peer.cut();
    });
    assertEquals(await run(() => peer.transport, ["tsxs", "watch", "/a"]), {
      ending: 1,
      stdout: "/a\n",
      stderr: "tsxs: the connection to the store is over\n",
    });
  });

  test("watch ends when the daemon dies before the watch is set", async () => {
    const peer = new Peer();
    peer.serve(() => peer.cut());
    const { ending, stderr } = await run(() => peer.transport, ["tsxs", "watch", "/a"]);
    assertEquals([ending, stderr], [1, "tsxs: Unable to add watch on /a\n\n"]);
  });

  for (const words of ["exists /a", "list /a", "rm /a", "chmod /a n0", "read /a /b", "write /a 1 /b 2"]) {
    test(`${words} gives up after ${ATTEMPTS} conflicts, and says so`, async () => {
      const peer = new Peer();
      let starts = 0;
      peer.serve((request) => {
        if (request.text.startsWith("TRANSACTION_START")) return request.reply(`${++starts}`);
        if (request.text.startsWith("TRANSACTION_END")) return request.error("EAGAIN");
        if (/^(?:READ|DIRECTORY) /.test(request.text)) return request.reply();
        request.ok();
      });
      assertEquals(await run(() => peer.transport, ["tsxs", ...words.split(" ")]), {
        ending: 1,
        stdout: "",
        stderr: "tsxs: couldn't end transaction: other clients changed the same nodes in each of 20 attempts\n",
      });
      assertEquals(starts, ATTEMPTS);
    });
  }

  test("a subcommand whose transaction conflicts once succeeds, and prints only the second result", async () => {
    const peer = new Peer();
    let starts = 0;
    peer.serve((request) => {
      if (request.text.startsWith("TRANSACTION_START")) return request.reply(`${++starts}`);
      if (request.text === "TRANSACTION_END T|" && starts === 1) return request.error("EAGAIN");
      if (request.text.startsWith("DIRECTORY")) return request.reply(`child-${starts}`);
      request.ok();
    });
    assertEquals(await run(() => peer.transport, ["tsxs", "list", "/a"]), {
      ending: 0,
      stdout: "child-2\n",
      stderr: "",
    });
  });

  for (
    const [option, complaint] of [
      ["-x", "invalid option -- 'x'"],
      ["--bogus", "unrecognized option '--bogus'"],
      ["--r", "option '--r' is ambiguous; possibilities: '--recurse' '--raw'"],
    ] as const
  ) {
    test(`the unknown option ${option} ends the command with status 1 and its usage`, async () => {
      const never = () => Promise.reject(new Error("connected"));
      assertEquals(await run(never, ["/bin/xenstore-write", "/a", "1", option]), {
        ending: 1,
        stdout: "",
        stderr: `/bin/xenstore-write: ${complaint}\n` +
          "xenstore-write: Usage: /bin/xenstore-write [-h] [-R] key value [...]\n",
      });
      assertEquals((await run(never, ["tsxs", "read", option])).stderr.split("\n")[0], `read: ${complaint}`);
    });
  }

  for (
    const words of ["read /tool", "list /", "ls /", "watch /a", "control check", "dump", "stat", "find", "diff -"]
  ) {
    /** Standard input for `diff -`, which differs from the store. */
    const input = '{"format":"tsxs-dump","version":1,"path":"/"}\n{"nodes":0}\n';
    test(`${words} fails with a message if the output cannot be written`, async () => {
      await using daemon = new Daemon();
      const full = (): never => {
        throw codedError("ENOSPC", "no space left on device, write");
      };
      assertEquals(await run(() => daemon.connect(), ["tsxs", ...words.split(" ")], { writeOutput: full, input }), {
        // The status 1 of `find` and `diff` is an answer.
        ending: /^(?:find|diff)/.test(words) ? 2 : 1,
        stdout: "",
        stderr: "tsxs: cannot write the output: No space left on device\n",
      });
    });

    test(`${words} ends as by SIGPIPE if the reader of the output is gone`, async () => {
      await using daemon = new Daemon();
      const closed = (): never => {
        throw codedError("EPIPE", "broken pipe, write");
      };
      assertEquals(await run(() => daemon.connect(), ["tsxs", ...words.split(" ")], { writeOutput: closed, input }), {
        ending: "SIGPIPE",
        stdout: "",
        stderr: "",
      });
    });
  }

  test("chmod -r sets the permissions of a path of more than 256 bytes", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const path = `/a${`/${"n".repeat(99)}`.repeat(4)}`;
    await store.write(path, "");
    assertEquals(await run(() => daemon.connect(), ["tsxs", "chmod", "-r", "/a", "n0", "r5"]), {
      ending: 0,
      stdout: "",
      stderr: "",
    });
    assertEquals((await store.getPerms(path)).length, 2);
  });

  test("write stores a backslash at the end of a value as a backslash", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    assertEquals((await run(() => daemon.connect(), ["tsxs", "write", "/a", "abc\\"])).ending, 0);
    assertEquals(await store.readText("/a"), "abc\\");
  });
});

describe("the output of the command", () => {
  test("writeAll() writes the rest after a write that took only a part", () => {
    const taken: number[] = [];
    writeAll((bytes) => {
      const some = bytes.slice(0, 3);
      taken.push(...some);
      return some.length;
    }, new Uint8Array([1, 2, 3, 4, 5, 6, 7]));
    assertEquals(taken, [1, 2, 3, 4, 5, 6, 7]);
  });

  test("writeAll() writes again after EAGAIN, which a full pipe gives that does not block", () => {
    let refusals = 3;
    let written = 0;
    writeAll((bytes) => {
      if (refusals-- > 0) throw codedError("EAGAIN", "resource temporarily unavailable, write");
      return written = bytes.length;
    }, new Uint8Array(5));
    assertEquals(written, 5);
  });

  test("the printer writes a long output in few pieces, and nothing twice", () => {
    const pieces: string[] = [];
    const printer = new Printer({ writeOutput: (bytes) => void pieces.push(new TextDecoder().decode(bytes)) });
    let all = "";
    for (let i = 0; i < 10_000; i++) {
      printer.print(`line ${i}\n`);
      all += `line ${i}\n`;
    }
    printer.flush();
    printer.flush();
    assertEquals(pieces.join(""), all);
    assert(pieces.length < 10, `${pieces.length} pieces`);
  });
});
