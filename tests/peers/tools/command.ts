// Runs the real xenstore-* tools and the command, each in a directory of links, so that both have the same names.

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Client, connect } from "../../../src/client/client.ts";
import { openTransport } from "../../../src/transport/open.ts";
import { run } from "../../support/invocation.ts";
import { timeout } from "../../support/limits.ts";
import { inDirectory } from "../../support/socket.ts";
import { type RealStore, startXenstored } from "../daemons.ts";

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const MODES = ["read", "write", "rm", "exists", "list", "ls", "chmod", "watch"];
const CONTROL = "/usr/lib/xen-4.17/bin/xenstore-control";

/** The output of a command as byte strings, and its end: a status, or the name of a signal. */
export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly end: number | string | null;
}

/** Which command runs: the real tool, or ours as a process. */
export type Side = "real" | "ours";

/** The two directories. */
export interface Commands {
  /** Runs `./PROGRAM ARGUMENT...` in the directory of a side. */
  run(side: Side, words: readonly string[], variables?: Readonly<Record<string, string | undefined>>): Promise<Result>;
  /** Runs our command in this process, which takes less time. */
  runInside(words: readonly string[], variables?: Readonly<Record<string, string>>): Promise<Result>;
  /** Runs a script of bash there. `"$@"` is the command. */
  script(side: Side, script: string, words: readonly string[]): Promise<Result>;
}

/** Calls a function with the commands, a client of the same real store, a directory, and the store's daemon. */
export async function withTools(
  body: (commands: Commands, store: Client, directory: string, daemon: RealStore) => Promise<void>,
  startDaemon: () => Promise<RealStore> = startXenstored,
): Promise<void> {
  await inDirectory(async (directory) => {
    await using daemon = await startDaemon();
    await using store = await connect(`unix:${daemon.socket}`);
    await body(makeCommands(directory, daemon.socket), store, directory, daemon);
  });
}

/** Makes the directories, and builds the command in one of them. Every command uses the store at `socket`. */
function makeCommands(directory: string, socket: string): Commands {
  const [real, ours] = [join(directory, "real"), join(directory, "ours")];
  for (const side of [real, ours]) mkdirSync(side);
  const program = join(directory, "cli.js");
  const options = ["--bundle", "--format=esm", "--platform=node", "--target=es2022", `--outfile=${program}`];
  execFileSync(join(root, "node_modules", ".bin", "esbuild"), ["src/cli/start.ts", ...options], {
    cwd: root,
    stdio: "pipe",
  });
  chmodSync(program, 0o755);
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }\n');
  for (const mode of MODES) {
    symlinkSync(`/usr/bin/xenstore-${mode}`, join(real, `xenstore-${mode}`));
    symlinkSync(program, join(ours, `xenstore-${mode}`));
  }
  symlinkSync(CONTROL, join(real, "xenstore-control"));
  symlinkSync(program, join(ours, "xenstore-control"));
  symlinkSync("/usr/bin/xenstore", join(real, "tsxs"));
  symlinkSync(program, join(ours, "tsxs"));
  for (const tool of ["/usr/bin/xenstore", program]) {
    symlinkSync(tool, join(tool === program ? ours : real, "xenstore-bogus"));
  }

  const runtime = "Deno" in globalThis ? [process.execPath, "run", "-A", "--quiet"] : [process.execPath];
  const command = (side: Side, [name = "", ...args]: readonly string[]): string[] => [
    // Deno would start `./NAME` by its whole path.
    ...side === "ours" ? runtime : ["/usr/bin/env"],
    `./${name}`,
    ...args,
  ];
  const where = (side: Side): string => side === "ours" ? ours : real;
  const environment = { XENSTORED_PATH: socket, POSIXLY_CORRECT: undefined, NODE_OPTIONS: undefined };
  return {
    run: (side, words, variables = {}) => start(command(side, words), where(side), { ...environment, ...variables }),
    runInside: async ([name, ...args], variables = {}) => {
      const open = async () => (await openTransport(`unix:${socket}`)).transport;
      const { stdout, stderr, ending } = await run(open, [`./${name}`, ...args], { variables });
      return { stdout, stderr, end: ending };
    },
    script: (side, script, words) =>
      start(["bash", "-c", script, "bash", ...command(side, words)], where(side), environment),
  };
}

function start(
  [executable = "", ...args]: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Result> {
  const env = { ...process.env, ...variables };
  for (const [name, value] of Object.entries(variables)) if (value === undefined) delete env[name];
  const child = spawn(executable, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("latin1").on("data", (text: string) => stdout += text);
  child.stderr.setEncoding("latin1").on("data", (text: string) => stderr += text);
  // A command that hangs ends long before its test does, so that the test names it.
  const limit = setTimeout(() => child.kill("SIGKILL"), timeout / 10);
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => {
      clearTimeout(limit);
      resolve({ stdout, stderr, end: code ?? signal });
    });
  });
}
