// The shell: reads commands, and runs them one after the other on one connection.

import process from "node:process";
import { Reporter } from "../../events/reporter.ts";
import { bytesOf, byteString, utf8Of } from "../bytes.ts";
import type { Context } from "../context.ts";
import { escapeLines } from "../escape.ts";
import type { Ending } from "../invocation.ts";
import { complete } from "./completion.ts";
import { Editor } from "./editor.ts";
import { classNames, Handlers } from "./handlers.ts";
import { History, historyFile, LINES_MAX } from "./history.ts";
import { type Lines, ScriptLines } from "./lines.ts";
import { operandOf, optionsOf } from "./operands.ts";
import { ownNames, runOwn } from "./own_commands.ts";
import { Running } from "./running.ts";
import { Store } from "./store.ts";
import { wordsOf } from "./words.ts";

/** How long a Tab waits for the store, in milliseconds. */
const COMPLETION_MS = 1000;
/** The address of a store that lives as long as its connections. */
const EMBEDDED = "embedded:";

/**
 * Runs the commands of a terminal until the user ends the shell, or those of a script until one fails. `print` prints
 * to standard output.
 */
export async function runShell(context: Context, print: (text: string) => void): Promise<Ending> {
  const shell = new Shell(context, print);
  try {
    return await shell.run();
  } finally {
    await shell.close();
  }
}

/** The state of the shell. */
class Shell {
  readonly #context: Context;
  readonly #print: (text: string) => void;
  readonly #isInteractive: boolean;
  readonly #lines: Lines;
  readonly #reporter: Reporter;
  readonly #handlers: Handlers;
  readonly #store: Store;
  readonly #running: Running;
  readonly #names: readonly string[];
  /** The last line of the messages, if it is not finished: a question. */
  #question = "";

  constructor(context: Context, print: (text: string) => void) {
    const { invocation, globals, runner } = context;
    this.#context = context;
    this.#print = print;
    this.#names = [...context.names.filter((name) => name !== "shell"), ...ownNames];
    this.#isInteractive = invocation.isInputTerminal() && invocation.columns() !== null &&
      invocation.variable("TERM") !== "dumb";
    this.#lines = this.#isInteractive ? this.#editor() : new ScriptLines(invocation.readInput());
    const aside = (run: () => void): void => this.#lines.aside(run);
    const warn = (message: string): void => aside(() => context.warn(message));
    this.#reporter = new Reporter({
      variable: (name) => invocation.variable(name),
      write: (line) => aside(() => context.say(utf8Of(line))),
    });
    if (globals.verbose) this.#reporter.verbose = true;
    if (globals.trace) this.#reporter.trace = true;
    this.#handlers = new Handlers(this.#reporter, warn, aside);
    const embedded = `${EMBEDDED}tsxs-shell-${process.pid}`;
    this.#running = new Running(
      {
        ...invocation,
        // Every connection without a name would have a store of its own.
        open: (address) => invocation.open(address === EMBEDDED ? embedded : address),
        // Arguments may come from guests, by completion.
        writeError: (bytes) => {
          const shown = escapedBytes(bytes);
          this.#question = shown.slice(shown.lastIndexOf("\n") + 1);
          invocation.writeError(bytesOf(shown));
        },
        isInputTerminal: () => this.#isInteractive,
        readInput: () => this.#lines.answers(this.#question),
      },
      this.#isInteractive,
      () => this.#lines.close(),
    );
    this.#store = new Store({ invocation: this.#running.invocation, runner, reporter: this.#reporter, say: warn });
  }

  /** Reads and runs commands. Resolves with how the shell ends. */
  async run(): Promise<Ending> {
    if (this.#isInteractive) this.#print("Type 'help' for the commands. Ctrl-D ends the shell.\n");
    for (let [text, number] = ["", 1];; number++) {
      const read = await this.#lines.read(text === "");
      if (read.type === "cancelled") {
        text = "";
        continue;
      }
      if (read.type === "line") text += `${text === "" ? "" : "\n"}${read.line}`;
      const parsed = wordsOf(text);
      if (parsed.type === "unfinished" && read.type === "line") continue;
      text = "";
      let ended: Ending | "exit" = 0;
      if (parsed.type === "complete") ended = await this.#execute(parsed.words.map(({ text }) => text));
      else {
        this.#context.warn(parsed.reason);
        ended = 1;
      }
      if (ended === "exit") return 0;
      if (ended === "SIGPIPE") return ended;
      if (ended !== 0 && !this.#isInteractive) {
        this.#context.warn(`line ${number} of the commands ended with status ${ended}`);
        return ended;
      }
      if (read.type === "end") return 0;
    }
  }

  /** Closes the connection, and restores the terminal. */
  async close(): Promise<void> {
    this.#lines.close();
    this.#running.close();
    this.#reporter.close();
    await this.#store.close();
  }

  /** Runs a command. A hyphen before its name ignores its failure. */
  async #execute([first = "", ...args]: readonly string[]): Promise<Ending | "exit"> {
    if (first === "") return 0;
    const isIgnored = first.startsWith("-") && first !== "-";
    const ended = await this.#command([isIgnored ? first.slice(1) : first, ...args]);
    return isIgnored && typeof ended === "number" ? 0 : ended;
  }

  async #command(words: readonly string[]): Promise<Ending | "exit"> {
    const { runner, warn } = this.#context;
    if (words[0] === "shell") {
      warn("the shell runs already");
      return 1;
    }
    const own = runOwn(words, { handlers: this.#handlers, print: this.#print, warn });
    if (own !== null) return own;
    return await this.#running.run((surroundings) =>
      runner.run(words, {
        ...surroundings,
        names: this.#names,
        connection: (patience) => {
          const opening = this.#store.connection();
          return patience?.limit("connect", opening) ?? opening;
        },
      })
    );
  }

  #editor(): Editor {
    const { invocation, warn } = this.#context;
    const file = historyFile((name) => invocation.variable(name));
    const history = new History(file, (error) => {
      warn(`cannot keep the history in ${file}: ${error instanceof Error ? error.message : String(error)}`);
    });
    return new Editor({
      history: history.newestFirst,
      historySize: LINES_MAX,
      remember: (line) => history.add(line),
      write: (bytes) => invocation.writeOutput(bytes),
      columns: () => invocation.columns(),
      complete: (line) =>
        complete(line, {
          commands: this.#names,
          options: optionsOf,
          operand: operandOf,
          children: (path) => this.#store.children(path, COMPLETION_MS),
          classes: classNames,
          handlers: () => this.#handlers.names,
        }),
    });
  }
}

/** Escapes what is neither printable ASCII nor the end of a line. */
function escapedBytes(bytes: Uint8Array): string {
  return escapeLines(byteString(bytes));
}
