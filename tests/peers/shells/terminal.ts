// An interactive shell on a pseudo-terminal, in which the tests press the Tab key.

import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { timeout } from "../../support/limits.ts";

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** A shell that the command completes in. */
export type ShellName = "bash" | "zsh" | "fish";

/** How to start each shell without the files of the user. Control-G prints the line between marks. */
const shells: Readonly<Record<ShellName, { readonly command: string; readonly setting: readonly string[] }>> = {
  bash: {
    command: "bash --norc --noprofile -i",
    setting: [
      `bind -x '"\\C-g": printf "LINE<%s>END\\n" "$READLINE_LINE"'`,
      "bind 'set show-all-if-ambiguous on'; bind 'set completion-query-items 0'; bind 'set page-completions off'",
    ],
  },
  zsh: {
    command: "zsh -f -i",
    setting: [
      "autoload -U compinit; compinit -u -D; LISTMAX=0; setopt interactivecomments",
      // By default, the key expands what is typed, before any completion of a command.
      "bindkey '^I' complete-word",
      'show() { print -r -- "LINE<$BUFFER>END" }; zle -N show; bindkey "^G" show',
    ],
  },
  fish: {
    command: "fish --no-config -i",
    setting: ["function show; printf 'LINE<%s>END\\n' (commandline); end; bind \\cg show"],
  },
};
/** How each shell reads the script of the completion. */
const sources: Readonly<Record<ShellName, string>> = {
  bash: "source <(tsxs completion bash)",
  zsh: "source <(tsxs completion zsh)",
  fish: "tsxs completion fish | source",
};
const TAB = "\t";
const CONTROL_G = "\x07";
const CONTROL_U = "\x15";

/** Builds the command as a program named `tsxs` for this runtime. Returns a `PATH` with it. */
export function installCommand(): { readonly path: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
  const program = join(directory, "cli.js");
  const options = ["--bundle", "--format=esm", "--platform=node", "--target=es2022", `--outfile=${program}`];
  execFileSync(join(root, "node_modules", ".bin", "esbuild"), ["src/cli/start.ts", ...options], {
    cwd: root,
    stdio: "pipe",
  });
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }\n');
  const runtime = [process.execPath, ..."Deno" in globalThis ? ["run", "-A", "--quiet"] : []].join(" ");
  writeFileSync(join(directory, "tsxs"), `#!/bin/sh\nexec ${runtime} ${program} "$@"\n`);
  chmodSync(join(directory, "tsxs"), 0o755);
  return {
    path: `${directory}:${process.env.PATH}`,
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/** A line after the Tab key was pressed, and what the terminal showed before. */
export interface Completed {
  readonly line: string;
  readonly shown: string;
}

/** An interactive shell. */
export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  #output = "";
  #look: () => void = () => {};

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.on("close", () => resolve()));
    child.stdin.on("error", () => {});
    child.stdout.setEncoding("latin1").on("data", (text: string) => {
      this.#output += text;
      this.#look();
    });
  }

  /** Starts a shell in a directory with these variables, and reads the script of the completion. */
  static async start(
    name: ShellName,
    variables: Readonly<Record<string, string>>,
    directory: string,
  ): Promise<Terminal> {
    const { command, setting } = shells[name];
    const child = spawn("script", ["--quiet", "--command", `stty cols 200; exec ${command}`, "/dev/null"], {
      cwd: directory,
      env: { ...process.env, TERM: "dumb", HOME: directory, SHELL: "/bin/sh", LC_ALL: "C.UTF-8", ...variables },
    });
    const terminal = new Terminal(child);
    for (const line of [...setting, sources[name]]) await terminal.run(line);
    return terminal;
  }

  /** Runs a line, and waits until it has ended. Resolves with what the terminal showed. */
  async run(line: string): Promise<string> {
    // The shell removes the quotes, so the terminal's echo of the line is no end mark.
    this.#child.stdin.write(`${line}; echo EN''DED\n`);
    return await this.#until("ENDED");
  }

  /** Types a text, presses Tab, and clears the line. */
  async complete(text: string): Promise<Completed> {
    this.#child.stdin.write(text + TAB + CONTROL_G);
    const shown = await this.#until("LINE<");
    const line = await this.#until(">END");
    this.#child.stdin.write(CONTROL_U);
    return { line: line.slice(0, -">END".length), shown: shown.slice(0, -"LINE<".length) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    this.#child.kill();
    await this.#ended;
  }

  /** Resolves with the output up to a text, and drops it. */
  #until(end: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`no ${end} in ${JSON.stringify(this.#output)}`)), timeout / 10);
      this.#look = () => {
        const index = this.#output.indexOf(end);
        if (index < 0) return;
        clearTimeout(limit);
        this.#look = () => {};
        const output = this.#output.slice(0, index + end.length);
        this.#output = this.#output.slice(index + end.length);
        resolve(output);
      };
      this.#look();
    });
  }
}
