// The sessions in docs/command.md print what the document shows.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { utf8Of } from "../../src/cli/bytes.ts";
import { connect } from "../../src/client/client.ts";
import { openTransport } from "../../src/transport/open.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { startGuest } from "../support/guests.ts";
import { uuidFor } from "../support/domains.ts";
import { run } from "../support/invocation.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const text = readFileSync(join(root, "docs/command.md"), "utf8");
const sessions = [...text.matchAll(/^```console\n(.*?)^```$/gms)].map(([, session = ""]) => session);

/** The pool in the session about pools. In a test, it is in a temporary directory. */
const POOL = "/srv/pool";

/** The domains in the session about domains. */
const guests = [{ id: 5, name: "web", uuid: uuidFor(1) }, { id: 6, name: "db", uuid: uuidFor(2) }];

/** Splits a command line as a shell does. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) =>
    double ?? single ?? plain ?? ""
  );
}

/** Replaces the times, and the names and sizes of checkpoints, which differ in each run. */
function timeless(text: string): string {
  return text.replaceAll(/^\d+\.\d{6} /gm, "N ").replaceAll(/"time":[\d.]+/g, '"time":N').replaceAll(
    /\d{8}T\d{6}Z-[0-9a-f]{12}/g,
    "NAME",
  ).replaceAll(/(Z {2})\d+ */g, "$1SIZE ").replaceAll(
    /(clean {2})\d+ */g,
    "$1SIZE ",
  ).replaceAll(
    /\d+\.\d+ ms/g,
    "N ms",
  ).replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "TIME");
}

describe("docs/command.md", () => {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
  after(() => rmSync(directory, { recursive: true }));

  test("the sessions of docs/command.md print what the document shows, one after the other", async () => {
    process.env.XDG_CACHE_HOME = directory;
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    for (const name of await store.list("/tool")) await store.delete(`/tool/${name}`);
    const files = new Map<string, string>();
    let programOutput = "";
    /** Runs the command as the program of `trace`, with the socket that `trace` names. */
    const startProgram = async (words: readonly string[], variables: Readonly<Record<string, string>>) => {
      const address = `unix:${variables.XENSTORED_PATH}`;
      const { ending, stdout } = await run(async () => (await openTransport(address)).transport, words);
      programOutput += stdout;
      return { ended: Promise.resolve(Number(ending)), kill: () => {} };
    };
    /** Runs a line of commands with `|`, and `>` before the name of a file. Returns what a terminal would show. */
    const shell = async (line: string): Promise<string> => {
      const [commands = "", file] = line.split(" > ");
      let [input, shown] = ["", ""];
      for (const command of commands.split(" | ")) {
        const setting = {
          variables: { LANG: "C.UTF-8", XDG_DATA_HOME: directory, SHELL: "/bin/sh", TSXS_COMPLETION_TIMEOUT: "600" },
          files,
          input,
          startProgram,
        };
        programOutput = "";
        const { stdout, stderr } = await run(
          () => daemon.connect(),
          wordsOf(command).map((word) => word.replaceAll(POOL, `${directory}${POOL}`)),
          setting,
        );
        shown += programOutput + stderr;
        input = stdout.replaceAll(`${directory}${POOL}`, POOL);
      }
      if (file === undefined) return input + shown;
      files.set(file, input);
      return shown;
    };
    assert(sessions.length > 4, `${sessions.length} sessions`);
    for (const session of sessions) {
      let printed = "";
      if (session.includes("tsxs domains")) { for (const guest of guests) await startGuest(store, guest); }
      for (const [, line = ""] of session.matchAll(/^\$ (.*)$/gm)) {
        printed += `$ ${line}\n${await shell(line)}`;
      }
      assertEquals(timeless(printed), timeless(utf8Of(session)));
    }
  });
});
