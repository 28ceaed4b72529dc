// The shell on a real terminal, with a real daemon: keys, completion, Ctrl-C, lost connections, and the screen.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { quoteWord } from "../../src/cli/shell/words.ts";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { Decoder } from "../../src/wire/decoder.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import { Operation, operationName } from "../../src/wire/operations.ts";
import { bytesOf } from "../../src/cli/bytes.ts";
import { inDirectory } from "../support/socket.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { assertLost, screenOf, Terminal, type TerminalOptions } from "./terminal.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The prompt on an empty line, after which keys are read. */
const PROMPT = "tsxs> \x1b[7G";
const CONTINUED = "> \x1b[3G";
const [CTRL_C, CTRL_D, TAB, ENTER] = ["\x03", "\x04", "\t", "\r"];

/** The command as one file. The loader of TypeScript on Node would itself get the signals of the terminal. */
function build(directory: string): readonly string[] {
  const program = join(directory, "cli.js");
  const options = ["--bundle", "--format=esm", "--platform=node", "--target=es2022", `--outfile=${program}`];
  execFileSync(join(root, "node_modules", ".bin", "esbuild"), ["src/cli/start.ts", ...options], {
    cwd: root,
    stdio: "pipe",
  });
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }\n');
  return "Deno" in globalThis ? [process.execPath, "run", "-A", "--quiet", program] : [process.execPath, program];
}

/** A shell on a terminal. */
interface Shell {
  readonly terminal: Terminal;
  /** Types a line, and resolves with what is shown until the next prompt. */
  run(line: string): Promise<string>;
}

/** The directory of a test, and what it starts there. */
interface Place {
  readonly directory: string;
  readonly history: string;
  readonly command: readonly string[];
  start(address: string, options?: TerminalOptions): Promise<Shell>;
}

function inPlace(body: (place: Place) => Promise<void>): Promise<void> {
  return inDirectory(async (directory) => {
    const command = build(directory);
    const history = join(directory, "history");
    const terminals: Terminal[] = [];
    const start = async (address: string, { variables = {}, ...options }: TerminalOptions = {}): Promise<Shell> => {
      const own = { TSXS_HISTORY: history, SHELL: "/bin/sh", ...variables };
      const terminal = new Terminal([...command, "--address", address, "shell"], { ...options, variables: own });
      terminals.push(terminal);
      await terminal.shows(PROMPT);
      const run = async (line: string): Promise<string> => {
        terminal.type(`${line}${ENTER}`);
        // The editor shows the line, and then its end.
        await terminal.shows("\r\n");
        return (await terminal.shows(PROMPT)).slice(0, -PROMPT.length).replaceAll("\r\n", "\n")
          .replaceAll("\x1b[1G\x1b[0J", "");
      };
      return { terminal, run };
    };
    try {
      await body({ directory, history, command, start });
    } finally {
      for (const terminal of terminals) await terminal[Symbol.asyncDispose]();
    }
  });
}

/** Calls a function with a real daemon, and a client of it. */
function withStore(body: (place: Place, address: string, store: Client) => Promise<void>): Promise<void> {
  return inPlace(async (place) => {
    await using daemon = await startXenstored();
    await using store = await connect(`unix:${daemon.socket}`);
    await body(place, `unix:${daemon.socket}`, store);
  });
}

withPeers("the shell on a terminal", () =>
  describe("the shell on a terminal", () => {
    test("runs commands with the syntax of a shell, goes on after a failure, and ends by Ctrl-D", () =>
      withStore(async ({ start }, address, store) => {
        const { terminal, run } = await start(address);
        assertEquals(await run(`write /tool/a "two words" /tool/b '\\001\\xff'`), "");
        assertEquals(await run("read -p /tool/a /tool/b"), "/tool/a: two words\n/tool/b: \\001\\xff\n");
        assertEquals(await store.readText("/tool/a"), "two words");
        assertEquals(await run("read /tool/nothing"), "tsxs: couldn't read path /tool/nothing\n");
        assertEquals(await run("raed /tool/a"), "tsxs: unknown mode raed: did you mean 'read'?\n");
        assertEquals(await run("ls | head"), "tsxs: '|' has no meaning here: put it in quotes to use it as it is\n");
        assertEquals(await run("shell"), "tsxs: the shell runs already\n");
        assertStringIncludes(await run("help"), "  list-events   print the handlers of events\n");
        assertStringIncludes(await run("help event"), "Usage: event NAME SET SCRIPT\n");
        assertStringIncludes(await run("help read"), "Usage: tsxs read [-p] [-R] [--json] PATH...\n");
        assertEquals(await run(""), "");
        terminal.type(`write /tool/c "one${ENTER}`);
        await terminal.shows(CONTINUED);
        assertEquals(await run(`two"`), "");
        assertEquals(await store.readText("/tool/c"), "one\ntwo");
        terminal.type(CTRL_D);
        assertEquals(await terminal.ended, { status: 0, signal: null, restored: true });
      }));

    test("completes names, options and paths of the store as it is now", () =>
      withStore(async ({ start }, address, store) => {
        await store.write("/tool/example/name", "old");
        const { terminal, run } = await start(address);
        terminal.type(`rea${TAB}`);
        await terminal.shows("d ");
        terminal.type(`--pre${TAB}`);
        await terminal.shows("fix ");
        terminal.type(`/to${TAB}`);
        await terminal.shows("ol/");
        terminal.type(`ex${TAB}`);
        await terminal.shows("ample/");
        assertEquals(await run(`n${TAB}`), "/tool/example/name: old\n");
        await store.write("/tool/example/nature", "new");
        terminal.type(`read /tool/example/n${TAB}`);
        await terminal.shows("/example/na");
        terminal.type(`${TAB}${TAB}`);
        await terminal.shows("name    nature\r");
        await terminal.shows("read /tool/example/na");
        assertEquals(await run(`t${TAB}`), "new\n");
        terminal.type(CTRL_D);
        await terminal.ended;
        const { lines } = await screenOf(terminal.shown);
        assertEquals(lines.slice(0, 7), [
          "Type 'help' for the commands. Ctrl-D ends the shell.",
          "tsxs> read --prefix /tool/example/name",
          "/tool/example/name: old",
          "tsxs> read /tool/example/na",
          "name    nature",
          "tsxs> read /tool/example/nature",
          "new",
        ]);
      }));

    test("Ctrl-C cancels a line, and a command without a trace in the store", () =>
      inPlace(async ({ directory, start }) => {
        await using daemon = new Daemon();
        await using store = await connect(daemon.connect());
        const socket = join(directory, "socket");
        await daemon.listen(socket);
        const { terminal, run } = await start(`unix:${socket}`);
        terminal.type(`write /tool/a 1${CTRL_C}`);
        await terminal.shows(`write /tool/a 1^C\r\r\n`);
        await terminal.shows(PROMPT);
        terminal.type(`write /tool/a "1${ENTER}`);
        await terminal.shows(CONTINUED);
        terminal.type(CTRL_C);
        await terminal.shows(PROMPT);
        assertEquals(await run("exists /tool/a"), "");
        assertEquals(await store.exists("/tool/a"), false);

        terminal.type(`watch /tool @releaseDomain${ENTER}`);
        await terminal.shows("/tool\r\n@releaseDomain\r\n");
        assertEquals(await used(store), { watches: 2, transactions: 0 });
        terminal.type(CTRL_C);
        await terminal.shows(PROMPT);
        // The next command waits for the end of the watches.
        assertEquals(await run("read /tool"), "\n");
        assertEquals(await used(store), { watches: 0, transactions: 0 });
        await store.write("/tool/b", "1");
        assertEquals(await run("watch -n 1 /tool"), "/tool\n");
        assertEquals(await used(store), { watches: 0, transactions: 0 });

        terminal.type(`wait /tool/never${ENTER}`);
        while ((await used(store)).watches === 0);
        terminal.type(CTRL_C);
        await terminal.shows(PROMPT);
        assertEquals(await run("read /tool/b"), "1\n");
        assertEquals(await used(store), { watches: 0, transactions: 0 });

        // A dump that asks stays in the middle of a command, and an answer is not a command.
        writeFileSync(join(directory, "dump"), (await dumpOf(run)).replace('"1"', '"2"'));
        terminal.type(`restore ${join(directory, "dump")}${ENTER}`);
        await terminal.shows("Change 1 node? [y/N] ");
        terminal.type(CTRL_C);
        await terminal.shows(PROMPT);
        assertEquals(await store.readText("/tool/b"), "1");
        terminal.type(`restore ${join(directory, "dump")}${ENTER}`);
        // The editor shows the question again, and then reads the answer.
        await terminal.shows("Change 1 node? [y/N] \x1b[");
        assertEquals(await run("y"), "");
        assertStringIncludes((await screenOf(terminal.shown)).lines.join("\n"), "\nChange 1 node? [y/N] y\n");
        assertEquals(await store.readText("/tool/b"), "2");
        assertEquals(await used(store), { watches: 0, transactions: 0 });
        terminal.type(CTRL_D);
        assertEquals(await terminal.ended, { status: 0, signal: null, restored: true });
      }));

    test("tells of a lost connection at the prompt, and connects again for the next command", () =>
      inPlace(async ({ directory, start }) => {
        const socket = join(directory, "socket");
        const first = new Daemon();
        await first.listen(socket);
        const { terminal, run } = await start(`unix:${socket}`);
        assertEquals(await run("event e launch,sub 'echo \"<$EVENT>\"'"), "");
        assertEquals(await run("exists /tool"), "<launch_done>\n");
        terminal.type("read /to");
        await terminal.shows("read /to");
        await first.close();
        await terminal.shows("connects again\r\n");
        await terminal.shows("read /to");
        // The line is below what was told.
        assertEquals((await screenOf(terminal.shown)).lines.filter((line) => line !== "").slice(-3), [
          "<subprocess_quit>",
          "tsxs: the connection to the store is over: the next command connects again",
          "tsxs> read /to",
        ]);
        assertMatch(await run("ol"), /^tsxs: xs_open: .*\n$/);
        const second = new Daemon();
        await second.listen(socket);
        assertEquals(await run("read /tool"), `<launch_done>\ntsxs: connected again to unix:${socket}\n\n`);
        terminal.type(`watch /tool${ENTER}`);
        await terminal.shows("/tool\r\n");
        await second.close();
        const shown = await terminal.shows(PROMPT);
        assertStringIncludes(shown, "tsxs: the connection to the store is over: the next command connects again\r\n");
        terminal.type(CTRL_D);
        assertEquals(await terminal.ended, { status: 0, signal: null, restored: true });
      }));

    test("keeps a history that the arrow keys show, without answers and lines that begin with a space", () =>
      inPlace(async ({ directory, history, start }) => {
        const [UP, DOWN] = ["\x1b[A", "\x1b[B"];
        const first = await start("embedded:");
        await first.run("write /tool/a 1");
        await first.run(" write /tool/b 1");
        writeFileSync(join(directory, "dump"), (await dumpOf(first.run)).replace('"1"', '"2"'));
        first.terminal.type(`restore ${join(directory, "dump")}${ENTER}`);
        await first.terminal.shows("[y/N] \x1b[");
        await first.run("y");
        first.terminal.type(`${UP}${UP}${UP}${DOWN}${UP}`);
        await first.terminal.shows("write /tool/a 1");
        first.terminal.type(`${CTRL_C}exit${ENTER}`);
        assertEquals((await first.terminal.ended).status, 0);
        const kept = `write /tool/a 1\ndump /tool\nrestore ${join(directory, "dump")}\nexit\n`;
        assertEquals(readFileSync(history, "utf8"), kept);

        const second = await start("embedded:");
        second.terminal.type(`${UP}${UP}${UP}${UP}`);
        await second.terminal.shows("write /tool/a 1");
        assertEquals(await second.run(""), "");
        assertEquals(await second.run("read /tool/a"), "1\n");

        const third = await start("embedded:", { variables: { TSXS_HISTORY: "" } });
        await third.run("write /tool/a 1");
        third.terminal.type(`${CTRL_D}`);
        await third.terminal.ended;
        const fourth = await start("embedded:", { variables: { TSXS_HISTORY: "/proc/nothing/history" } });
        assertMatch(await fourth.run("read /tool"), /cannot keep the history in \/proc\/nothing\/history: ENOENT/);
        assertEquals(await fourth.run("read /tool"), "\n");
        assertEquals(existsSync("/proc/nothing"), false);
      }));

    test("pasted lines run one after the other, and keys that are typed during a command wait for the prompt", () =>
      inPlace(async ({ start }) => {
        const { terminal } = await start("embedded:");
        terminal.type("write /tool/a 1\rread /tool/a\rwrite /tool/a 2\r\nread /tool/a\r");
        await terminal.shows("read /tool/a\r\r\n1\r\n");
        await terminal.shows("read /tool/a\r\r\n2\r\n");
        await terminal.shows(PROMPT);
        terminal.type(CTRL_D);
        assertEquals((await terminal.ended).status, 0);
      }));

    test("a signal restores the terminal and ends the shell, and so does the loss of the terminal", () =>
      inPlace(async ({ start }) => {
        const { terminal } = await start("embedded:");
        terminal.type(`event pid enter 'kill $PPID'${ENTER}`);
        await terminal.shows(PROMPT);
        terminal.type(`read /tool${ENTER}`);
        assertEquals(await terminal.ended, { status: null, signal: "SIGTERM", restored: true });
        const other = await start("embedded:");
        other.terminal.hangUp();
        assertEquals((await other.terminal.ended).signal, "SIGHUP");
      }));

    for (const [line, shown] of [["wait /tool/never", "\r\n"], ["top", "q quit"]] as const) {
      test(`the loss of a terminal that sends no SIGHUP ends the shell while '${line}' runs`, () =>
        inPlace(async ({ start }) => {
          const { terminal } = await start("embedded:", { variables: { WITHOUT_CONTROL: "1" } });
          terminal.type(`write /tool/here 1${ENTER}`);
          await terminal.shows(PROMPT);
          terminal.type(`${line}${ENTER}`);
          await terminal.shows(line);
          await terminal.shows(shown);
          terminal.hangUp();
          assertLost(await terminal.ended);
        }));
    }

    test("the loss of a terminal that sends no SIGHUP ends the shell at its prompt", () =>
      inPlace(async ({ start }) => {
        const { terminal } = await start("embedded:", { variables: { WITHOUT_CONTROL: "1" } });
        terminal.hangUp();
        assertLost(await terminal.ended);
      }));

    test("names with control characters reach the terminal escaped, and are completed to the same bytes", () =>
      inPlace(async ({ directory, start }) => {
        const names = ["\x1b[31mred\x07", "\x1b[2J\x9b1m", "\u202e\xff"].map((name) =>
          [...name].map((c) => c > "\xff" ? "\xe2\x80\xae" : c).join("")
        );
        const socket = join(directory, "socket");
        await using store = await ScriptedStore.listen(socket, names);
        const { terminal, run } = await start(`unix:${socket}`);
        terminal.type(`read /${TAB}${TAB}`);
        await terminal.shows("$'\\x1b[2J\\x9b1m'");
        await terminal.shows("$'\\x1b[31mred\\x07'");
        await terminal.shows("$'\\xe2\\x80\\xae\\xff'");
        await terminal.shows("read /");
        terminal.type(`$'\\x1b[3${TAB}`);
        await terminal.shows("1mred\\x07'");
        assertEquals(await run(""), "yes\n");
        assertEquals(store.requests.at(-1), `READ /${names[0]}|`);
        // The messages of a command repeat its arguments.
        assertEquals(
          await run(`read -p $'/\\x1b[3' /${quoteWord(names[1] ?? "")}`),
          "tsxs: couldn't read path /\\x1b[3\n",
        );
        assertEquals(await run(`read -p /${quoteWord(names[1] ?? "")}`), "/\\x1b[2J\\x9b1m: yes\n");
        assertEquals(await run(`nothing$'\\x1b[2J'`), "tsxs: unknown mode nothing\\x1b[2J\n");
        assertEquals(await run(`event $'\\x1b[2J' close $'true \\x1b[2J'`), "");
        assertEquals(await run("list-events"), '"\\x1b[2J" (1): close: true \\x1b[2J\n');
        terminal.type(CTRL_D);
        await terminal.ended;
        // deno-lint-ignore no-control-regex -- control characters are what it looks for
        assertEquals(terminal.shown.match(/\x1b(?!\[\d*[A-DG]|\[0?J).{0,9}|[\x07\x80-\xff]/g), null);
      }));

    test("Ctrl-C leaves a command whose store is silent, and ends the transaction of the command", () =>
      inPlace(async ({ directory, start }) => {
        const socket = join(directory, "socket");
        await using store = await ScriptedStore.listen(socket, ["name"]);
        const { terminal, run } = await start(`unix:${socket}`);
        terminal.type(`read /silent${ENTER}`);
        await store.asked("READ /silent|");
        terminal.type(CTRL_C);
        await terminal.shows(PROMPT);
        terminal.type(`read /silent /name${ENTER}`);
        await store.asked("READ /silent| in 1");
        terminal.type(CTRL_C);
        await terminal.shows(PROMPT);
        await store.asked("TRANSACTION_END F| in 1");
        assertEquals(await run("read /name"), "yes\n");
        // A Tab does not wait for the store long.
        terminal.type(`read /silent/n${TAB}ame`);
        await terminal.shows("silent/name");
        terminal.type(`${CTRL_C}${CTRL_D}`);
        assertEquals(await terminal.ended, { status: 0, signal: null, restored: true });
      }));

    test("Ctrl-Z stops the shell, and its line is there again when it goes on", () =>
      inPlace(async ({ command }) => {
        await using terminal = new Terminal(["bash", "--norc", "-i"], {
          variables: { TSXS_HISTORY: "", PS1: "bash: " },
        });
        await terminal.shows("bash: ");
        terminal.type(`${[...command, "--address", "embedded:", "shell"].join(" ")}${ENTER}`);
        await terminal.shows(PROMPT);
        terminal.type("read /to\x1a");
        await terminal.shows("Stopped");
        await terminal.shows("bash: ");
        terminal.type(`fg${ENTER}`);
        await terminal.shows("shell\r\n");
        await terminal.shows("tsxs> read /to");
        terminal.type(`ol${ENTER}`);
        await terminal.shows("\r\n\r\n");
        await terminal.shows(PROMPT);
        terminal.type(CTRL_D);
        await terminal.shows("bash: ");
        terminal.type(`exit${ENTER}`);
        assertEquals((await terminal.ended).status, 0);
      }));

    test("Ctrl-D that is typed during a command leaves the shell running", () =>
      inPlace(async ({ start }) => {
        const { terminal, run } = await start("embedded:");
        terminal.type(`watch /tool${ENTER}`);
        await terminal.shows("\n/tool\r\n");
        terminal.type(`${CTRL_D}${CTRL_C}`);
        await terminal.shows(PROMPT);
        assertEquals(await run("read /tool"), "\n");
      }));

    test("the session in docs/command.md looks on the screen as the document shows it", () =>
      inPlace(async ({ start }) => {
        const document = readFileSync(join(root, "docs/command.md"), "utf8");
        const session = /^```text\n\$ tsxs shell\n(.*?)^```$/ms.exec(document)?.[1] ?? "";
        const size = [60, 100] as const;
        const { terminal } = await start("embedded:", { size });
        const lines = session.split("\n");
        for (let at = 1; at < lines.length; at++) {
          const typed = /^tsxs> (.*)$/.exec(lines[at] ?? "")?.[1];
          if (typed === undefined) continue;
          const next = lines.slice(at + 1).find((line) => line.startsWith("tsxs> ")) ?? "";
          if (next.startsWith(`tsxs> ${typed}`)) {
            // The choices after two Tabs, and then the rest of the line.
            terminal.type(`${typed}${TAB}${TAB}`);
            await terminal.shows(`${lines[at + 1]}\r`);
            await terminal.shows(`tsxs> \x1b[7G${typed}`);
            terminal.type(`${next.slice("tsxs> ".length + typed.length)}${ENTER}`);
            await terminal.shows("\r\n");
            await terminal.shows(PROMPT);
            at = lines.indexOf(next);
            continue;
          }
          terminal.type(`${typed}${ENTER}`);
          await terminal.shows("\r\n");
          if (lines[at + 2] === "^C") {
            await terminal.shows(`${lines[at + 1]}\r\n`);
            terminal.type(CTRL_C);
          }
          await terminal.shows(PROMPT);
        }
        const screen = (await screenOf(terminal.shown, size)).lines.join("\n").trimEnd();
        const timeless = (text: string): string => text.replaceAll(/\d+\.\d+ ms/g, "N ms");
        assertEquals(timeless(screen), timeless(`${session}tsxs>`));
      }));

    test("words in $'...' mean the same bytes for bash", () => {
      for (const text of ["\x1b[31mred\x07", "it's", "a\xff\xfe", "\n\r\t\\", "\x9b\xe2\x80\xae"]) {
        const output = execFileSync("bash", ["--norc", "-c", `printf '%s' ${quoteWord(text)}`], {
          env: { LC_ALL: "C" },
        });
        assertEquals(output.toString("latin1"), text);
      }
    });
  }));

/** A store with children of the root that no real store would have. It never answers requests about `/silent`. */
class ScriptedStore implements AsyncDisposable {
  /** The requests, with "|" for a NUL. */
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #onRequest: () => void = () => {};

  private constructor(names: readonly string[]) {
    const list = bytesOf(names.map((name) => `${name}\0`).join(""));
    const paths = new Set(names.map((name) => `/${name}`));
    this.#server = createServer((socket) => {
      this.#sockets.push(socket);
      const decoder = new Decoder(({ type, requestId, transactionId, payload }) => {
        const text = String.fromCharCode(...payload);
        const path = text.slice(0, -1);
        this.requests.push(
          `${operationName(type)} ${text.replaceAll("\0", "|")}${transactionId === 0 ? "" : ` in ${transactionId}`}`,
        );
        this.#onRequest();
        const reply = (operation: number, bytes: Uint8Array): unknown =>
          socket.write(encodePacket(operation, requestId, transactionId, [bytes]));
        if (path.startsWith("/silent")) return;
        if (type === Operation.DIRECTORY) reply(type, path === "/" ? list : bytesOf(""));
        else if (type === Operation.TRANSACTION_START) reply(type, bytesOf("1\0"));
        else if (type === Operation.TRANSACTION_END) reply(type, bytesOf("OK\0"));
        else if (type === Operation.READ && paths.has(path)) reply(type, bytesOf("yes"));
        else reply(Operation.ERROR, bytesOf("ENOENT\0"));
      });
      socket.on("data", (data: Uint8Array) => decoder.push(data)).on("error", () => {});
    });
  }

  static listen(path: string, names: readonly string[]): Promise<ScriptedStore> {
    const store = new ScriptedStore(names);
    return new Promise((resolve) => store.#server.listen(path, () => resolve(store)));
  }

  /** Waits for a request. */
  async asked(request: string): Promise<void> {
    while (!this.requests.includes(request)) await new Promise<void>((resolve) => this.#onRequest = resolve);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** The dump of `/tool`, as the shell shows it. */
function dumpOf(run: Shell["run"]): Promise<string> {
  return run("dump /tool");
}

/** The watches and transactions that domain 0 has now. */
async function used(store: Client): Promise<{ watches: number; transactions: number }> {
  const text = await store.control(["quota", "0"]);
  const count = (name: string): number => Number(new RegExp(`^${name} +: +(\\d+)`, "m").exec(text)?.[1]);
  return { watches: count("watches"), transactions: count("transactions") };
}
