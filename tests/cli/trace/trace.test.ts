// `trace` as a subcommand and as a process: programs and their status, signals, its socket, and its output.

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { utf8Of } from "../../../src/cli/bytes.ts";
import { openStream } from "../../../src/cli/trace/open_stream.ts";
import { programWords } from "../../../src/cli/trace/program_words.ts";
import { connect } from "../../../src/client/client.ts";
import { Daemon } from "../../../src/daemon/mod.ts";
import { encodePacket } from "../../../src/wire/encoder.ts";
import { Operation } from "../../../src/wire/operations.ts";
import { codedError } from "../../../src/wire/system_errors.ts";
import { run, type Setting } from "../../support/invocation.ts";
import { commandOf, runCommand } from "../../support/program.ts";
import { inDirectory, write } from "../../support/socket.ts";
import { Traced } from "../../support/traced.ts";

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const never = (): never => {
  throw new Error("connected without a stream");
};
const USAGE =
  "Usage: tsxs trace [-h] [--json] ([--out FILE] [--socket SOCKET] [PROGRAM [ARGUMENT...]] | --replay FILE)";

/** Calls a function with the socket of a store, and a way to run `trace` in this process. */
async function withStore(
  body: (
    trace: (words: readonly string[], setting?: Setting) => ReturnType<typeof run>,
    socket: string,
    directory: string,
  ) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    await using daemon = new Daemon();
    const { path } = await daemon.listen(join(directory, "store"));
    const trace = (words: readonly string[], setting?: Setting) =>
      run(never, ["tsxs", "-a", `unix:${path}`, "trace", ...words], { openStream, ...setting });
    await body(trace, path, directory);
  });
}

/** Starts the command as a process. */
function start(words: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const [program = "", ...args] = commandOf("src/cli/start.ts");
  const child = spawn(program, [...args, ...words], {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...variables },
  });
  const said = { stdout: "", stderr: "" };
  const waiting: (() => void)[] = [];
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<number | string | null>((resolve) =>
    child.on("close", (status, signal) => resolve(signal ?? status))
  );
  /** Waits until a text is in the output, or the end. */
  const until = (text: string) =>
    Promise.race([
      ended,
      new Promise<void>((resolve) => waiting.push(() => said.stdout.concat(said.stderr).includes(text) && resolve())),
    ]);
  return { child, said, ended, until };
}

describe("trace", () => {
  test("trace runs a program with a socket in XENSTORED_PATH, and shows what it says on standard error", () =>
    withStore(async (trace) => {
      let path = "";
      const startProgram: Setting["startProgram"] = async (words, variables) => {
        path = variables.XENSTORED_PATH ?? "";
        assertEquals([words, statSync(path).mode & 0o777], [["program", "-x", "--json"], 0o600]);
        await using store = await connect(`unix:${path}`);
        await store.write("/tool/a", "1");
        return { ended: Promise.resolve(7), kill: () => {} };
      };
      const { ending, stdout, stderr } = await trace(["program", "-x", "--json"], { startProgram });
      assertEquals([ending, stdout], [7, ""]);
      assertMatch(
        stderr,
        /^trace of unix:.*\/store from .*Z\n\d+\.\d{6} 1 connected\n(?:.*\n)*\d+\.\d{6} 1 > WRITE #\d+ "\/tool\/a" = "1"\n/,
      );
      assertMatch(stderr, / 1 < WRITE #\d+ OK\n/);
      assertMatch(stderr, / 1 > end of the client\n.* 1 < end of the store\n$/);
      assertEquals(existsSync(dirname(path)), false);
    }));

  test("trace --out writes to a file, and -- may stand before the program", () =>
    withStore(async (trace, socket) => {
      const files = new Map<string, string>();
      const words = ["--json", "-o", "t", "--", "/bin/echo", "-n", socket];
      const { ending, stdout, stderr } = await trace(words, { files });
      assertEquals([ending, stdout, stderr], [0, socket, ""]);
      assertEquals(JSON.parse(files.get("t") ?? "").address, `unix:${socket}`);
    }));

  test("trace ends with the status of the program, 126 or 127 if it cannot be run, and 1 without a store", () =>
    withStore(async (trace, _, directory) => {
      const shell = (script: string) => start(["-a", `unix:${directory}/store`, "trace", "/bin/sh", "-c", script]);
      assertEquals(await shell("exit 3").ended, 3);
      assertEquals(await shell("kill -KILL $$").ended, 128 + 9);
      assertEquals(await start(["-a", `unix:${directory}/store`, "trace", "/nowhere"]).ended, 127);
      assertEquals(await start(["-a", `unix:${directory}/store`, "trace", directory]).ended, 126);
      const refused = await run(never, ["tsxs", "-a", "unix:/nowhere/s", "trace", "true"], { openStream });
      assertEquals([refused.ending, refused.stderr], [1, "tsxs: xs_open: No such file or directory\n"]);
      assertEquals((await trace(["true"])).ending, 0);
    }));

  test("a program gets the standard input, and arguments that are not UTF-8", () =>
    withStore(async (_, socket) => {
      const { child, said, ended } = start(["-a", `unix:${socket}`, "trace", "/bin/cat"]);
      child.stdin.end("input\n");
      assertEquals([await ended, said.stdout], [0, "input\n"]);
      assertEquals(programWords(["a", utf8Of("é")]), ["a", "é"]);
      for (const bytes of ["\xff", "a'\xff%s\\\n\n", "\xc3\n"]) {
        const [program = "", ...args] = programWords(["/usr/bin/printf", "%s|%s", bytes, "-n"]);
        const shown = await runCommand(["/bin/sh", "-c", '"$@" | od -An -v -tx1', "sh", program, ...args]);
        const hex = Array.from(`${bytes}|-n`, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0"));
        assertEquals(shown.stdout.trim().split(/\s+/), hex);
      }
    }));

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`trace --socket as a process exits with 0 on ${signal}, and leaves no socket`, () =>
      withStore(async (_, store, directory) => {
        const socket = join(directory, "x");
        const { child, said, ended, until } = start(["-a", `unix:${store}`, "trace", "--socket", socket]);
        await until("listening on");
        assertEquals(said.stderr, `listening on ${socket}: use XENSTORED_PATH=${socket} or --address unix:${socket}\n`);
        await using client = await connect(`unix:${socket}`);
        await client.write("/tool/a", "\x1b[2J");
        // After child.kill(), Deno reports the signal as the end, whatever the process made of it.
        process.kill(child.pid ?? 0, signal);
        assertEquals([await ended, existsSync(socket)], [0, false]);
        assertStringIncludes(said.stdout, '"/tool/a" = "\\x1b[2J"\n');
      }));
  }

  test("SIGTERM is passed on to the program, whose status is reported, and no directory stays", () =>
    withStore(async (_, store, directory) => {
      const script = 'trap "exit 9" TERM; echo ready; while :; do sleep 0.01; done';
      const words = ["-a", `unix:${store}`, "trace", "/bin/sh", "-c", script];
      const { child, ended, until } = start(words, { TMPDIR: directory });
      await until("ready");
      process.kill(child.pid ?? 0, "SIGTERM");
      assertEquals(await ended, 9);
      assertEquals(readdirSync(directory).filter((name) => name.startsWith("tsxs-")), []);
    }));

  test("a stale socket is replaced, and the socket of a living process is not", () =>
    withStore(async (trace, store, directory) => {
      await using traced = await Traced.start(`unix:${store}`, directory);
      const { ending, stderr } = await trace(["--socket", traced.path]);
      assertEquals(ending, 1);
      assertStringIncludes(stderr, "a process listens there already");
      await traced.stop();
      const script =
        "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
      const node = join(root, "tests/runtimes/node_modules/node-newest/bin/node");
      await runCommand([existsSync(node) ? node : "node", "-e", script, traced.path]);
      assertEquals(existsSync(traced.path), true);
      await using again = await Traced.start(`unix:${store}`, directory);
      await using client = await connect(`unix:${again.path}`);
      await client.write("/tool/b", "1");
    }));

  test("the last requests of a program are forwarded, also if it does not wait for their replies", () =>
    withStore(async (trace, store) => {
      const startProgram: Setting["startProgram"] = async (_, { XENSTORED_PATH = "" }) => {
        const socket = connectSocket(XENSTORED_PATH);
        await write(socket, encodePacket(Operation.WRITE, 1, 0, ["/tool/last", new Uint8Array([49])]));
        socket.destroy();
        return { ended: Promise.resolve(0), kill: () => {} };
      };
      const { stderr } = await trace(["program"], { startProgram });
      assertStringIncludes(stderr, '"/tool/last" = "1"\n');
      await using client = await connect(`unix:${store}`);
      assertEquals(await client.readText("/tool/last"), "1");
    }));

  test("a connection that outlives the program is closed, and the command ends", () =>
    withStore(async (trace) => {
      const kept: { close(): Promise<void> }[] = [];
      const startProgram: Setting["startProgram"] = async (_, { XENSTORED_PATH = "" }) => {
        kept.push(await connect(`unix:${XENSTORED_PATH}`));
        return { ended: Promise.resolve(0), kill: () => {} };
      };
      assertEquals((await trace(["program"], { startProgram })).ending, 0);
      for (const client of kept) await client.close();
    }));

  test("a trace that cannot be written ends a socket with 1, and lets a program go on with a warning", () =>
    withStore(async (trace, store) => {
      const full = (): never => {
        throw codedError("ENOSPC", "write");
      };
      const startProgram: Setting["startProgram"] = async (_, { XENSTORED_PATH = "" }) => {
        await using client = await connect(`unix:${XENSTORED_PATH}`);
        await client.write("/tool/a", "1");
        return { ended: Promise.resolve(0), kill: () => {} };
      };
      let warned = "";
      const writeError = (bytes: Uint8Array): void => {
        const text = new TextDecoder().decode(bytes);
        if (!text.startsWith("tsxs: ")) full();
        warned += text;
      };
      assertEquals((await trace(["program"], { startProgram, writeError })).ending, 1);
      assertEquals(warned, "tsxs: cannot write the output: No space left on device\n");
      await using client = await connect(`unix:${store}`);
      assertEquals(await client.readText("/tool/a"), "1");
      const socket = `${store}-x`;
      const ended = await trace(["--socket", socket], { writeOutput: full });
      assertEquals([ended.ending, existsSync(socket)], [1, false]);
    }));

  test("a closed pipe ends trace --socket by SIGPIPE, and leaves no socket", () =>
    withStore(async (_, store, directory) => {
      const socket = join(directory, "x");
      const { child, ended, until } = start(["-a", `unix:${store}`, "trace", "--socket", socket]);
      await until("listening on");
      child.stdout.destroy();
      // The command writes of the connection, and may end before the connection is used or even complete.
      const client = await connect(`unix:${socket}`).catch(() => null);
      await client?.write("/tool/a", "1").catch(() => {});
      // Deno may exit before its signal arrives. A shell reports both ends as 141.
      const ending = await ended;
      assert(ending === "SIGPIPE" || ending === 141, `${ending}`);
      assertEquals(existsSync(socket), false);
      await client?.close();
    }));

  test("arguments that do not fit together end trace with its usage and status 2", async () => {
    for (const words of [[], ["--json"], ["--replay", "t", "program"], ["--replay", "t", "--out", "o"]]) {
      const { ending, stderr } = await run(never, ["tsxs", "trace", ...words]);
      assertEquals([ending, stderr], [2, `tsxs: ${USAGE}\n`]);
    }
    const { ending, stderr } = await run(never, ["tsxs", "trace", "--bogus"]);
    assertEquals([ending, stderr], [2, `trace: unrecognized option '--bogus'\ntsxs: ${USAGE}\n`]);
  });

  test("the command creates the file of --out for its owner alone", () =>
    withStore(async (_, store, directory) => {
      const file = join(directory, "out");
      const { ended, said } = start(["-a", `unix:${store}`, "trace", "--out", file, "/bin/true"]);
      assertEquals([await ended, said.stderr, statSync(file).mode & 0o777], [0, "", 0o600]);
      assertMatch(readFileSync(file, "utf8"), /^trace of /);
      const refused = start(["-a", `unix:${store}`, "trace", "--out", "/nowhere/t", "/bin/true"]);
      assertEquals([await refused.ended, refused.said.stderr], [
        1,
        "tsxs: cannot write /nowhere/t: No such file or directory\n",
      ]);
    }));
});
