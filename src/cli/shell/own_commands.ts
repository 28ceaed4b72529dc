// The commands that the shell has besides the subcommands: handlers of events, help, and the ways to end it.

import { escapeText } from "../escape.ts";
import { helpOf, section } from "../help.ts";
import type { Help, Row } from "../help_entry.ts";
import { helps } from "../help_texts.ts";
import type { Handlers } from "./handlers.ts";

/** How a command of the shell ended. */
export type Done = number | "exit";

/** What the commands work with. */
export interface OwnContext {
  readonly handlers: Handlers;
  /** Prints to standard output. */
  print(text: string): void;
  /** Prints a message to standard error. */
  warn(message: string): void;
}

/** A command of the shell. */
interface OwnCommand {
  readonly help: Help;
  /** The number of operands. */
  readonly count: number;
  readonly run: (operands: readonly string[], context: OwnContext) => Done;
}

const exit: OwnCommand = {
  help: { summary: "end the shell, as Ctrl-D does", usage: "", options: [], examples: [] },
  count: 0,
  run: () => "exit",
};

const commands: ReadonlyMap<string, OwnCommand> = new Map<string, OwnCommand>([
  ["event", {
    help: {
      summary: "run a script for each event of a set of classes",
      usage: "NAME SET SCRIPT",
      notes: [
        "SET is * for all classes, or names with commas between them.",
        "`$SHELL -c SCRIPT` gets the payload of the event as $1 and so on.",
        "The variable EVENT is its class.",
        "Several handlers may have the same name.",
      ],
      options: [],
      examples: [["event log trace 'echo \"$1\" >> log'", "append each request and reply to a file"]],
    },
    count: 3,
    run: ([name = "", set = "", script = ""], { handlers, warn }) => {
      const fault = handlers.add(name, set, script);
      if (fault !== null) warn(`event: ${fault}`);
      return fault === null ? 0 : 1;
    },
  }],
  ["delete-event", {
    help: { summary: "delete all handlers of events with a name", usage: "NAME", options: [], examples: [] },
    count: 1,
    run: ([name = ""], { handlers, warn }) => {
      if (handlers.delete(name)) return 0;
      warn(`delete-event: no handler has the name '${escapeText(name)}'`);
      return 1;
    },
  }],
  ["list-events", {
    help: { summary: "print the handlers of events", usage: "", options: [], examples: [] },
    count: 0,
    run: (_, { handlers, print }) => {
      print(handlers.list());
      return 0;
    },
  }],
  ["exit", exit],
  ["quit", exit],
]);

/** The subcommands that make no sense in the shell. */
const left = new Set(["shell"]);

/** The names of the commands. */
export const ownNames: readonly string[] = [...commands.keys()];

/** Runs a command of the shell. Returns `null` if it has none with this name. */
export function runOwn([name = "", ...operands]: readonly string[], context: OwnContext): Done | null {
  if (name === "help") return help(operands, context);
  const command = commands.get(name);
  if (command === undefined) return null;
  if (operands.length === command.count && !operands.includes("-h") && !operands.includes("--help")) {
    return command.run(operands, context);
  }
  context.warn(`Usage: ${`${name} ${command.help.usage}`.trimEnd()}`);
  return operands.includes("-h") || operands.includes("--help") ? 0 : 1;
}

/** Prints the help of the shell, or of its own commands. The rest is left to the subcommand `help`. */
function help(names: readonly string[], { print }: OwnContext): Done | null {
  const own = names.flatMap((name) => {
    const known = commands.get(name)?.help;
    return known === undefined ? [] : [helpOf(name, known).replace("Usage: tsxs ", "Usage: ")];
  });
  if (names.length === 0) print(wholeHelp());
  else if (own.length < names.length) return null;
  else print(own.join("\n"));
  return 0;
}

function wholeHelp(): string {
  const rows = [...helps].filter(([name]) => !left.has(name)).map(([name, { summary }]): Row => [name, summary]);
  const own = [...commands].map(([name, { help }]): Row => [name, help.summary]);
  return `${section("Subcommands", rows)}${section("Commands of the shell", own)}` +
    "'help COMMAND' prints the options of a command. Tab completes names, options and\n" +
    "paths. Ctrl-C cancels a line or a command, and Ctrl-D ends the shell.\n";
}
