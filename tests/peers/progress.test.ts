// Progress bars on a real terminal.

import { execFileSync } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type PacedProxy, startPacedProxy } from "../support/paced_proxy.ts";
import { commandOf } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";
import { withPeers } from "./peers.ts";
import { screenOf, Terminal } from "./terminal.ts";

const start = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "src/cli/start.ts");
const tsxs = commandOf(start).map((word) => `'${word}'`).join(" ");
const NODES = 3000;
const ERASE = "\r\x1b[K";
const BAR = /^[◐◓◑◒] +\d+% \[█*░*\] (?:--:--|\d\d:\d\d)$/;

/** Calls a function with a store of many nodes whose replies come slowly. */
async function withSlowStore(
  body: (variables: Record<string, string>, proxy: PacedProxy, directory: string, store: Client) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await Promise.all(Array.from({ length: NODES }, (_, i) => store.write(`/tool/a/${i}`, `${i}`)));
    await daemon.listen(join(directory, "store"));
    const socket = join(directory, "socket");
    await using proxy = await startPacedProxy(socket, join(directory, "store"));
    await body({ XENSTORED_PATH: socket, LC_ALL: "C.UTF-8" }, proxy, directory, store);
  });
}

withPeers("a progress bar on a terminal", () =>
  describe("a progress bar on a terminal", () => {
    test("shows how far a dump is while the output goes to a file, and is erased at the end", () =>
      withSlowStore(async (variables, proxy, directory) => {
        const file = join(directory, "dump");
        const command = `${tsxs} dump /tool > '${file}'`;
        await using terminal = new Terminal(["sh", "-c", command], { variables, size: [5, 60] });
        await terminal.shows("--:--");
        const before = await screenOf(terminal.shown, [5, 60]);
        assertMatch(before.lines[0] ?? "", BAR);
        await terminal.shows(ERASE);
        proxy.release();
        assertEquals((await terminal.ended).status, 0);
        assert(terminal.shown.endsWith(ERASE));
        assertEquals((await screenOf(terminal.shown, [5, 60])).lines, ["", "", "", "", ""]);
        assertEquals(readFileSync(file, "utf8").split("\n").at(-2), `{"nodes":${NODES + 3}}`);
      }));

    test("goes below the lines of a list on the same terminal, and leaves no trace in them", () =>
      withSlowStore(async (variables, proxy) => {
        const size = [NODES + 10, 60] as const;
        await using terminal = new Terminal(["sh", "-c", `${tsxs} ls /tool`], { variables, size });
        await terminal.shows("--:--");
        proxy.release();
        assertEquals((await terminal.ended).status, 0);
        const { lines } = await screenOf(terminal.shown, size);
        const listed = Array.from({ length: NODES }, (_, i) => ` ${i} = "${i}"`);
        assertEquals(lines.filter((line) => line !== "").slice(-NODES), listed);
      }));

    test("is drawn on the terminal, and not into a file of standard error, if an option asks for it", () =>
      withSlowStore(async (variables, proxy, directory) => {
        const [output, errors] = [join(directory, "output"), join(directory, "errors")];
        const command = `${tsxs} --progress-bars stat > '${output}' 2> '${errors}'`;
        await using terminal = new Terminal(["sh", "-c", command], { variables });
        await terminal.shows("--:--");
        proxy.release();
        assertEquals((await terminal.ended).status, 0);
        assertEquals(readFileSync(errors, "utf8"), "");
        assertMatch(readFileSync(output, "utf8"), /^domain +nodes .*\n0 +\d+ .*\n$/);
      }));

    test("moves without a number while restore reads a dump of unknown length", () =>
      withSlowStore(async (variables, proxy, directory, store) => {
        proxy.release();
        await store.write("/b", "old");
        const pipe = join(directory, "pipe");
        execFileSync("mkfifo", [pipe]);
        const command = `${tsxs} restore --yes - < '${pipe}'`;
        await using terminal = new Terminal(["sh", "-c", command], { variables, size: [5, 60] });
        const input = createWriteStream(pipe);
        input.write('{"format":"tsxs-dump","version":1,"path":"/b"}\n');
        await terminal.shows("---%");
        await terminal.shows("--:--");
        input.end('{"path":"/b","value":"new","permissions":["n0"]}\n{"nodes":1}\n');
        assertEquals((await terminal.ended).status, 0);
        assertEquals((await screenOf(terminal.shown, [5, 60])).lines, ['~ /b = "old" -> "new"', "", "", "", ""]);
        assertEquals(await store.readText("/b"), "new");
      }));
  }));
