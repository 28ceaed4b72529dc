// `shell`: commands from standard input, their failures, and the handlers of events.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { utf8Of } from "../../src/cli/bytes.ts";
import { classNames, Handlers } from "../../src/cli/shell/handlers.ts";
import { connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { Reporter } from "../../src/events/reporter.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { commandOf, runCommand } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

const start = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "src/cli/start.ts");

/** Runs a script on a daemon, and counts the connections. */
async function script(lines: string, words: readonly string[] = ["shell"], setting: Setting = {}): Promise<
  Ran & { readonly connections: number }
> {
  await using daemon = new Daemon();
  let connections = 0;
  const open = (): Transport => {
    connections++;
    return daemon.connect();
  };
  const ran = await run(open, ["tsxs", ...words], { ...setting, input: utf8Of(lines) });
  return { ...ran, connections };
}

describe("the shell without a terminal", () => {
  test("runs the commands of standard input on one connection, without a prompt", async () => {
    const lines =
      "# a comment\n\nwrite /tool/a 'two words' /tool/b $'\\xff'\r\nread -R /tool/a\nread /tool/b # another";
    assertEquals(await script(lines), { ending: 0, stdout: "two words\\xff\n", stderr: "", connections: 1 });
    assertEquals(await script(""), { ending: 0, stdout: "", stderr: "", connections: 0 });
  });

  test("ends at the first command that fails, with its status", async () => {
    const failed = await script("write /tool/a 1\nread /tool/nothing\nwrite /tool/a 2\n");
    assertEquals([failed.ending, failed.stdout], [1, ""]);
    assertEquals(
      failed.stderr,
      "tsxs: couldn't read path /tool/nothing\ntsxs: line 2 of the commands ended with status 1\n",
    );
    const timedOut = await script("wait -t 0.001 /tool/never\nread /tool\n");
    assertEquals([timedOut.ending, timedOut.stdout], [124, ""]);
    const unknown = await script("raed /tool\n");
    assertEquals([unknown.ending, unknown.stderr.split("\n")[0]], [1, "tsxs: unknown mode raed: did you mean 'read'?"]);
  });

  test("goes on after a failure if a hyphen is before the command", async () => {
    const ran = await script("-read /tool/nothing\n-delete-event x\n-bogus\nread /tool\n");
    assertEquals([ran.ending, ran.stdout], [0, "\n"]);
  });

  test("refuses a line that is no command, and tells its number", async () => {
    for (
      const [line, reason] of [
        ["read /a | head", "'|' has no meaning here: put it in quotes to use it as it is"],
        ["read '/a", "a quote is not closed"],
        ["read /a\\", "a backslash ends the line"],
        ["read $'\\0'", "a word contains a NUL"],
      ]
    ) {
      const { ending, stderr } = await script(`exists /tool\n${line}`);
      assertEquals([ending, stderr.split("\n")[0]], [1, `tsxs: ${reason}`], line);
      assertMatch(stderr, /\ntsxs: line [23] of the commands ended with status 1\n$/);
    }
  });

  test("joins lines with an open quote, and with a backslash at their ends", async () => {
    const ran = await script("write /tool/a \"one\ntwo\" \\\n  /tool/b 'x\n'\nread /tool/a /tool/b\n");
    assertEquals([ran.ending, ran.stdout], [0, "one\\ntwo\nx\\n\n"]);
  });

  test("takes the options of the command for all commands", async () => {
    const traced = await script("read /tool\n", ["--trace", "shell"]);
    assertMatch(traced.stderr, /^tsxs: trace: READ "\/tool"\ntsxs: trace: READ "\/tool" = "" \(\d+\.\d+ ms\)\n$/);
    const options = ["--timeout", "0.001", "shell"];
    const silent = await run(() => new Promise<Transport>(() => {}), ["tsxs", ...options], { input: "read /tool\n" });
    assertEquals([silent.ending, silent.stderr.split("\n")[0]], [
      124,
      "tsxs: connect: the store did not answer within 0.001 s",
    ]);
  });

  test("ends by exit and quit, whatever follows", async () => {
    for (const word of ["exit", "quit"]) {
      assertEquals((await script(`${word}\nread /tool/nothing\n`)).ending, 0);
      assertEquals((await script(`${word} 3\n`)).ending, 1);
    }
  });

  test("a closed pipe ends the shell by SIGPIPE", async () => {
    const writeOutput = (): never => {
      throw Object.assign(new Error("closed"), { code: "EPIPE" });
    };
    for (const line of ["read /tool\n", "help\n"]) {
      assertEquals((await script(`${line}write /tool/a 1\n`, ["shell"], { writeOutput })).ending, "SIGPIPE");
    }
  });

  test("leaves no watch and no transaction of one command to the next", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const input = "watch -n 2 /tool /local\nread /tool /local\n-read /tool /nothing\ncontrol quota 0\n";
    const { ending, stdout } = await run(() => daemon.connect(), ["tsxs", "shell"], { input });
    assertEquals(ending, 0);
    assertMatch(stdout, /^transactions +: +0\b/m);
    assertMatch(stdout, /^watches +: +0\b/m);
    await store.close();
  });

  test("a question is not answered by the commands", async () => {
    const files = new Map([["dump", '{"format":"tsxs-dump","version":1,"path":"/tool"}\n']]);
    const ran = await script("restore dump\ny\n", ["shell"], { files });
    assertEquals(ran.ending, 1);
    assertStringIncludes(ran.stderr, "tsxs: cannot ask: standard input is not a terminal");
  });

  test("connects again for the next command after a lost connection, and says so", () =>
    inDirectory(async (directory) => {
      const socket = join(directory, "socket");
      await using daemon = new Daemon();
      await daemon.listen(socket);
      let opened: Transport | null = null;
      const { openTransport } = await import("../../src/transport/open.ts");
      const open = async (): Promise<Transport> => opened = (await openTransport(`unix:${socket}`)).transport;
      async function* input(): AsyncGenerator<Uint8Array, void> {
        yield new TextEncoder().encode("write /tool/a 1\n-watch -n 2 /tool/a\n");
        // The watch reports its path, and then waits.
        await reported;
        yield new TextEncoder().encode("read /tool/a\n");
      }
      let report = (): void => {};
      const reported = new Promise<void>((resolve) => report = resolve);
      let output = "";
      const writeOutput = (bytes: Uint8Array): void => {
        output += new TextDecoder().decode(bytes);
        if (output === "/tool/a\n") {
          report();
          // A packet that answers no request makes the daemon end the connection.
          opened?.send(new Uint8Array(16).fill(0xff));
        }
      };
      const { ending, stderr } = await run(open, ["tsxs", "shell"], { input: input(), writeOutput });
      assertEquals([ending, output], [0, "/tool/a\n1\n"]);
      assertMatch(
        stderr,
        /^tsxs: the connection to the store is over: the next command connects again\ntsxs: .*\ntsxs: connected again to unix:.*\n$/,
      );
    }));
});

describe("handlers of events", () => {
  test("event, list-events and delete-event do what those of guestfish do", async () => {
    const lines = [
      "event one * 'echo a'",
      `event two trace,warning "echo 'b'"`,
      "event one launch 'echo c'",
      "event two close ''",
      "list-events",
      "delete-event one",
      "list-events",
      "delete-event two",
      "list-events",
      "delete-event two",
    ].join("\n");
    const { ending, stdout, stderr } = await script(lines);
    assertEquals(ending, 1);
    assertEquals(
      stdout,
      `"one" (1): *: echo a
"two" (2): warning,trace: echo 'b'
"one" (3): launch_done: echo c
"two" (4): close: 
"two" (2): warning,trace: echo 'b'
"two" (4): close: 
`.replaceAll("warning,trace", "trace,warning"),
    );
    assertMatch(stderr, /^tsxs: delete-event: no handler has the name 'two'\n/);
  });

  test("a set is *, or names that may be shortened as long as they have one meaning", async () => {
    const set = async (text: string): Promise<string> => {
      const { stdout, stderr } = await script(`-event x '${text}' true\nlist-events\n`);
      return stdout.replace(/^"x" \(1\): /, "").replace(": true\n", "") || (stderr.split("\n")[0] ?? "");
    };
    assertEquals(await set("*"), "*");
    assertEquals(await set(classNames.join(",")), "*");
    assertEquals(await set("launch"), "launch_done");
    assertEquals(await set("p,trace,a"), "progress,appliance,trace");
    assertEquals(await set("lib"), "tsxs: event: 'lib' means library or libvirt_auth");
    for (const wrong of ["", "trace,", "TRACE", "bogus"]) {
      assertEquals(
        await set(wrong),
        `tsxs: event: '${wrong.replace("trace,", "")}' is not a class of events: expected * or some of ${
          classNames.join(", ")
        }`,
      );
    }
  });

  test("own commands check their operands, and print their usage for -h", async () => {
    for (
      const [line, usage, status] of [
        ["event x trace", "event NAME SET SCRIPT", 1],
        ["delete-event", "delete-event NAME", 1],
        ["list-events x", "list-events", 1],
        ["event -h", "event NAME SET SCRIPT", 0],
        ["exit --help", "exit", 0],
      ] as const
    ) {
      const { ending, stderr } = await script(`${line}\n`);
      assertEquals([ending, stderr.split("\n")[0]], [status, `tsxs: Usage: ${usage}`]);
    }
  });

  test("every class is delivered to its script, with its payload and its name, and is waited for", () =>
    inDirectory((directory) => {
      const file = join(directory, "events");
      writeFileSync(file, "");
      const reporter = new Reporter();
      const warnings: string[] = [];
      const handlers = new Handlers(reporter, (message) => warnings.push(message), (run) => run());
      handlers.add("all", "*", `printf '%s' "$EVENT" >> ${file}; printf ' <%s>' "$@" >> ${file}; echo >> ${file}`);
      handlers.add("count", "close", `echo "$# $0" >> ${file}`);
      reporter.report({ type: "launch_done", class: 4 });
      reporter.report({
        type: "progress",
        class: 8,
        operation: "walk",
        operationNumber: 1001,
        serial: 2,
        position: 3,
        total: 4,
      });
      reporter.report({ type: "appliance", class: 16, text: "a b\x1b[2J\0" });
      reporter.report({ type: "library", class: 32, text: "it's $(true)" });
      reporter.report({ type: "enter", class: 128, operation: "READ" });
      reporter.warn("careful");
      reporter.report({ type: "subprocess_quit", class: 2 });
      reporter.report({ type: "close", class: 1 });
      assertEquals(
        readFileSync(file, "utf8"),
        `launch_done <>
progress <1001> <2> <3> <4>
appliance <a b\\x1b[2J\\0>
library <it's $(true)>
enter <READ>
warning <careful>
subprocess_quit <>
close <>
0 tsxs
`,
      );
      assertEquals(warnings, []);
      return Promise.resolve();
    }));

  test("a script that fails, or a shell that does not start, is a warning, and the command goes on", () =>
    inDirectory(async (directory) => {
      const input = "event x launch_done 'exit 3'\nread /tool\ndelete-event x\nevent y enter true\nread /tool\n";
      await using daemon = new Daemon();
      const socket = join(directory, "socket");
      await daemon.listen(socket);
      const command = [...commandOf(start), "--address", `unix:${socket}`, "shell"];
      const failed = await runCommand(command, { SHELL: "/bin/sh" }, input);
      assertEquals(failed, { code: 0, stdout: "\n\n", stderr: "tsxs: event x: the script ended with status 3\n" });
      const missing = await runCommand(command, { SHELL: "/nothing" }, "event x launch_done true\nread /tool\n");
      assertEquals([missing.code, missing.stdout], [0, "\n"]);
      assertMatch(missing.stderr, /^tsxs: event x: cannot run \/nothing: .*ENOENT/);
    }));

  test("as a process, the output of scripts and of commands is in the order of the events", () =>
    inDirectory(async (directory) => {
      await using daemon = new Daemon();
      const socket = join(directory, "socket");
      await daemon.listen(socket);
      const command = [...commandOf(start), "--address", `unix:${socket}`, "shell"];
      const input = "event x '*' 'echo \"$EVENT ${1%% (*}\"'\nread /tool\ndelete-event x\nread /tool\n" +
        "event x close 'echo the end'\n";
      const { code, stdout, stderr } = await runCommand(command, { SHELL: "/bin/sh" }, input);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(
        stdout.replace(/^library .*\n/, ""),
        `launch_done \nenter READ\ntrace READ "/tool"\ntrace READ "/tool" = ""\n\n\nthe end\n`,
      );
    }));
});
