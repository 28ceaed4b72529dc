// `serve`: its files, its readiness, and its end by a signal.

import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import { type Ran, run } from "../support/invocation.ts";
import { commandOf } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const never = (): never => {
  throw new Error("connected");
};

/**
 * Runs `serve` in this process. Calls a function when it is ready, and then stops it by a signal. Without variables, it
 * is ready when it would run systemd-notify.
 */
async function serving(
  options: readonly string[],
  body: () => Promise<void>,
  variables?: Readonly<Record<string, string>>,
): Promise<Ran> {
  let stop: (signal: string) => void = () => {};
  const signalled = new Promise<string>((resolve) => stop = resolve);
  let stderr = "";
  let onReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => onReady = resolve);
  const writeError = (bytes: Uint8Array): void => {
    stderr += new TextDecoder().decode(bytes);
    if (stderr.includes("listening on")) onReady();
  };
  const runProgram = (): Promise<number> => {
    onReady();
    return Promise.resolve(0);
  };
  const setting = variables === undefined ? { variables: { NOTIFY_SOCKET: "/run/notify" }, runProgram } : { variables };
  const ended = run(never, ["tsxs", "serve", ...options], { signalled, writeError, ...setting });
  await Promise.race([ready, ended]);
  await body().finally(() => stop("SIGTERM"));
  return { ...await ended, stderr };
}

describe("serve", () => {
  test("serve listens on the socket until the signal, and removes the socket then", () =>
    inDirectory(async (directory) => {
      const socket = join(directory, "socket");
      const ran = await serving(["--socket", socket], async () => {
        await using store = await connect(`unix:${socket}`);
        await store.write("/a", "1");
        assertEquals(await store.readText("/a"), "1");
      });
      assertEquals(ran, { ending: 0, stdout: "", stderr: `listening on ${socket}\nstopping on SIGTERM\n` });
      assertEquals(existsSync(socket), false);
    }));

  test("serve --data keeps the store for the next start", () =>
    inDirectory(async (directory) => {
      const [socket, data] = [join(directory, "socket"), join(directory, "data")];
      const options = ["--socket", socket, "--data", data];
      await serving(options, async () => {
        await using store = await connect(`unix:${socket}`);
        await store.write("/a", "1");
      });
      await serving(options, async () => {
        await using store = await connect(`unix:${socket}`);
        assertEquals(await store.readText("/a"), "1");
      });
    }));

  test("serve --pid-file writes the number of the process, and removes the file at the end", () =>
    inDirectory(async (directory) => {
      const pidFile = join(directory, "pid");
      writeFileSync(pidFile, "1 of an earlier process");
      const { ending } = await serving(["--socket", join(directory, "socket"), "--pid-file", pidFile], () => {
        assertEquals(readFileSync(pidFile, "utf8"), `${process.pid}\n`);
        return Promise.resolve();
      });
      assertEquals([ending, existsSync(pidFile)], [0, false]);
    }));

  test("serve leaves a pid file that another process has written since", () =>
    inDirectory(async (directory) => {
      const pidFile = join(directory, "pid");
      await serving(["--socket", join(directory, "socket"), "--pid-file", pidFile], () => {
        writeFileSync(pidFile, "1\n");
        return Promise.resolve();
      });
      assertEquals(readFileSync(pidFile, "utf8"), "1\n");
    }));

  test("serve --log appends lines with their time to a file of its owner, also after the file is renamed", () =>
    inDirectory(async (directory) => {
      const [socket, log] = [join(directory, "socket"), join(directory, "log")];
      const ran = await serving(["--socket", socket, "--log", log], async () => {
        assertEquals(statSync(log).mode & 0o777, 0o600);
        renameSync(log, `${log}.old`);
        await using store = await connect(`unix:${socket}`);
        await store.control(["print", "\x1b[2J hello"]);
      });
      assertEquals(ran, { ending: 0, stdout: "", stderr: "" });
      const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /gm;
      assertEquals(readFileSync(`${log}.old`, "utf8").replaceAll(time, ""), `listening on ${socket}\n`);
      const later = readFileSync(log, "utf8").replaceAll(time, "");
      assertMatch(later, /^.*\\x1b\[2J hello\nstopping on SIGTERM\n$/);
    }));

  test("serve reports its readiness by systemd-notify if NOTIFY_SOCKET is set", () =>
    inDirectory(async (directory) => {
      const [socket, said] = [join(directory, "socket"), join(directory, "said")];
      const program = join(directory, "systemd-notify");
      writeFileSync(program, `#!/bin/sh\ntest -S '${socket}' && echo "$NOTIFY_SOCKET $*" >>'${said}'\n`);
      chmodSync(program, 0o755);
      const variables = { NOTIFY_SOCKET: "/run/notify", PATH: `${directory}:${process.env.PATH}` };
      const { ending, stderr } = await serving(["--socket", socket], () => Promise.resolve(), variables);
      assertEquals([ending, stderr], [0, `listening on ${socket}\nstopping on SIGTERM\n`]);
      assertEquals(readFileSync(said, "utf8"), "/run/notify --ready\n");
    }));

  test("serve goes on with a warning if systemd-notify fails", () =>
    inDirectory(async (directory) => {
      const program = join(directory, "systemd-notify");
      writeFileSync(program, "#!/bin/sh\nexit 3\n");
      chmodSync(program, 0o755);
      const variables = { NOTIFY_SOCKET: "/run/notify", PATH: `${directory}:${process.env.PATH}` };
      const { ending, stderr } = await serving(
        ["--socket", join(directory, "socket")],
        () => Promise.resolve(),
        variables,
      );
      assertEquals(ending, 0);
      const text = "tsxs: cannot tell NOTIFY_SOCKET that the socket is ready: systemd-notify: status 3\n";
      assertStringIncludes(stderr, text);
    }));

  test("serve fails with a message if a file cannot be used, and leaves no socket", () =>
    inDirectory(async (directory) => {
      const socket = join(directory, "socket");
      writeFileSync(join(directory, "file"), "");
      for (
        const [options, text] of [
          [["--log", join(directory, "no", "log")], /^tsxs: cannot write the log .*: No such file or directory\n$/],
          [
            ["--pid-file", join(directory, "no", "p")],
            /^tsxs: cannot write the pid file .*: No such file or directory\n$/,
          ],
          [["--data", join(directory, "file")], /^tsxs: .*\/file/],
          [["--socket", join(directory, "no", "socket")], /^tsxs: .*no\/socket/],
        ] as const
      ) {
        const { ending, stderr } = await serving(["--socket", socket, ...options], () => Promise.resolve());
        assertEquals(ending, 1);
        assertMatch(stderr, text);
        assertEquals(existsSync(socket), false);
      }
    }));

  test("serve refuses a socket at which another daemon listens", () =>
    inDirectory(async (directory) => {
      const socket = join(directory, "socket");
      await serving(["--socket", socket], async () => {
        const { ending, stderr } = await serving(["--socket", socket], () => Promise.resolve());
        assertEquals(ending, 1);
        assertStringIncludes(stderr, socket);
        assert(existsSync(socket));
      });
    }));

  test("serve without a socket ends with its usage", async () => {
    const usage = "Usage: tsxs serve [-h] --socket SOCKET [--data DIRECTORY] [--log FILE] [--pid-file FILE]";
    for (const words of [[], ["--data", "/a"], ["--socket", "/a", "operand"]]) {
      const { ending, stderr } = await run(never, ["tsxs", "serve", ...words]);
      assertEquals([ending, stderr], [1, `tsxs: ${usage}\n`]);
    }
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`serve as a process exits with 0 on ${signal}, and leaves neither socket nor pid file`, () =>
      inDirectory(async (directory) => {
        const [socket, pidFile] = [join(directory, "socket"), join(directory, "pid")];
        const [program = "", ...args] = commandOf("src/cli/start.ts");
        const options = ["serve", "--socket", socket, "--pid-file", pidFile, "--data", join(directory, "data")];
        const child = spawn(program, [...args, ...options], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
        const ended = new Promise<number | string | null>((resolve) =>
          child.on("close", (status, by) => resolve(by ?? status))
        );
        let stderr = "";
        const ready = new Promise<void>((resolve) => {
          child.stderr.setEncoding("utf8").on("data", (text: string) => {
            stderr += text;
            if (stderr.includes("listening on")) resolve();
          });
        });
        await Promise.race([ready, ended]);
        assertEquals(readFileSync(pidFile, "utf8"), `${child.pid}\n`);
        await using store = await connect(`unix:${socket}`);
        await store.write("/a", "1");
        // After child.kill(), Deno reports the signal as the end, whatever the process made of it.
        process.kill(child.pid ?? 0, signal);
        assertEquals([await ended, stderr], [0, `listening on ${socket}\nstopping on ${signal}\n`]);
        assertEquals([existsSync(socket), existsSync(pidFile)], [false, false]);
      }));
  }

  test("the options in the unit of systemd are options of serve", () =>
    inDirectory(async (directory) => {
      const unit = readFileSync(join(root, "examples/tsxs.service"), "utf8");
      const [, start = ""] = /^ExecStart=\S*\/tsxs serve (.*)$/m.exec(unit) ?? [];
      const words = start.replaceAll(/\/(?:run|var\/lib)\/tsxs/g, directory).split(" ");
      chmodSync(directory, 0o700);
      const { ending, stderr } = await serving(words, () => Promise.resolve());
      assertEquals([ending, stderr], [0, `listening on ${directory}/socket\nstopping on SIGTERM\n`]);
    }));
});
