// The subcommands on dumps as processes: files, pipes, a terminal that answers, and Ctrl-C.

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { commandOf, runCommand } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

const start = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "src/cli/start.ts");
const command = commandOf(start);

/** Calls a function with a store at a socket, and a dump of `/a` that differs from the store in one value. */
async function withDump(
  body: (variables: Record<string, string>, store: Client, dump: string, daemon: Daemon) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const socket = join(directory, "socket");
    await daemon.listen(socket);
    await store.write("/a/b", "old");
    const variables = { XENSTORED_PATH: socket };
    const { code, stdout } = await runCommand([...command, "dump", "/a"], variables);
    assertEquals(code, 0);
    const dump = join(directory, "dump");
    writeFileSync(dump, stdout);
    await store.write("/a/b", "new");
    await body(variables, store, dump, daemon);
  });
}

describe("the command as a process", () => {
  test("restore and diff read a dump from a file and from a pipe", () =>
    withDump(async (variables, store, dump) => {
      const text = readFileSync(dump, "utf8");
      const difference = '~ /a/b = "new" -> "old"\n';
      const restored = await runCommand([...command, "restore", "--yes", "-"], variables, text);
      assertEquals(restored, { code: 0, stdout: difference, stderr: "" });
      assertEquals(await store.readText("/a/b"), "old");
      await store.write("/a/b", "new");
      assertEquals(await runCommand([...command, "restore", "--yes", dump], variables), restored);
      assertEquals(await runCommand([...command, "diff", dump, "-"], variables, text), {
        code: 0,
        stdout: "",
        stderr: "",
      });
      const missing = await runCommand([...command, "diff", `${dump}-2`], variables);
      assertEquals([missing.code, missing.stderr], [2, `tsxs: cannot read ${dump}-2: No such file or directory\n`]);
    }));

  test("dump into restore by a pipe copies a tree to the store of another address", () =>
    inDirectory(async (directory) => {
      await using from = new Daemon();
      await using to = new Daemon();
      const sockets = [join(directory, "from"), join(directory, "to")] as const;
      await from.listen(sockets[0]);
      await to.listen(sockets[1]);
      await using store = await connect(from.connect());
      await using copy = await connect(to.connect());
      await Promise.all(Array.from({ length: 5000 }, (_, i) => store.write(`/a/${i % 70}/${i}`, `value ${i}`)));
      const words = command.map((word) => `'${word}'`).join(" ");
      const [source, target] = sockets.map((socket) => `${words} --address 'unix:${socket}'`);
      const copied = await runCommand(["sh", "-c", `${source} dump /a | ${target} restore --yes - | wc -l`]);
      assertEquals([copied.code, copied.stdout.trim(), copied.stderr], [0, "5071", ""]);
      const dumps = await Promise.all(
        sockets.map((socket) => runCommand([...command, "--address", `unix:${socket}`, "dump", "/a"])),
      );
      assertEquals(dumps[0], dumps[1]);
      assertEquals(await copy.readText("/a/69/4969"), "value 4969");
    }));

  for (const [answer, value] of [["y", "old"], ["n", "new"]] as const) {
    test(`restore asks on a terminal, and the answer ${answer} leaves ${value}`, () =>
      withDump(async (variables, store, dump) => {
        const line = [...command, "restore", dump].map((word) => `'${word}'`).join(" ");
        const terminal = spawn("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
          env: { ...process.env, ...variables, SHELL: "/bin/sh" },
          stdio: ["pipe", "pipe", "inherit"],
        });
        let shown = "";
        const ended = new Promise<number | null>((resolve) => terminal.on("close", resolve));
        terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
          const isAsked = shown.includes("[y/N] ");
          shown += text;
          if (!isAsked && shown.includes("[y/N] ")) terminal.stdin.write(`${answer}\n`);
        });
        assertEquals([await ended, await store.readText("/a/b")], [answer === "y" ? 0 : 1, value]);
        assertStringIncludes(shown, '~ /a/b = "new" -> "old"\r\nChange 1 node? [y/N] ');
        terminal.stdin.end();
      }));
  }

  test("Ctrl-C in the middle of a restore changes nothing, and leaves no transaction", () =>
    withDump(async (variables, store, dump) => {
      const [executable = "", ...args] = [...command, "restore", "--yes", "-"];
      const child = spawn(executable, args, {
        env: { ...process.env, ...variables },
        stdio: ["pipe", "pipe", "inherit"],
      });
      const ended = new Promise<string | null>((resolve) => child.on("close", (_, signal) => resolve(signal)));
      // The output fills its buffer only if a restore changes many nodes, so it shows that writes are under way.
      const head = readFileSync(dump, "utf8").split("\n").slice(0, 3).join("\n");
      const nodes = Array.from(
        { length: 2000 },
        (_, i) => JSON.stringify({ path: `/a/n${10_000 + i}`, value: "", permissions: ["n0"] }),
      );
      child.stdin.write(`${head}\n${nodes.join("\n")}\n`);
      await new Promise((resolve) => child.stdout.once("data", resolve));
      child.kill("SIGINT");
      assertEquals(await ended, "SIGINT");
      assertEquals(await store.list("/a"), ["b"]);
      assertEquals(await store.readText("/a/b"), "new");
      // The daemon may read the end of the connection after the end of the process.
      while (!/^transactions +: +0\b/m.test(await store.control(["quota", "0"])));
    }));
});
