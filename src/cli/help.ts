// `help`: prints what the command and its subcommands do.

import type { Context } from "./context.ts";
import { escapeText } from "./escape.ts";
import type { Help, Row } from "./help_entry.ts";
import { helps } from "./help_texts.ts";
import { hint } from "./hint.ts";
import { Failure } from "./invocation.ts";
import { Printer } from "./printer.ts";

const GAP = 2;

/** The options of the command itself. */
export const globalOptions: readonly Row[] = [
  ["-a, --address ADDRESS", "the store: unix:/PATH, xenbus:/PATH or embedded:"],
  ["-t, --timeout SECONDS", "end with status 124 if the store is silent so long"],
  ["-v, --verbose", "print messages of the library to standard error"],
  ["-x, --trace", "print each request, reply and event to standard error"],
  ["--color WHEN", "auto, always or never; NO_COLOR counts for auto"],
  ["--[no-]progress-bars", "show the progress of long work, or do not"],
  ["-h, --help", "print this help, or that of a subcommand"],
  ["-V, --version", "print the version"],
];

/** The exit statuses that every subcommand may have. */
export const globalStatuses: readonly Row[] = [
  ["124", "the store was silent for longer than --timeout allows"],
  ["141", "the reader of the output is gone: SIGPIPE ended the command"],
];

/** The variables of the environment that every subcommand knows. */
export const globalEnvironment: readonly Row[] = [
  ["XENSTORED_PATH", "the socket or the device of the store, without --address"],
  ["XENSTORED_RUNDIR", "the directory of the socket, /var/run/xenstored by default"],
  ["TSXS_BACKEND", "the backend of the library, if XENSTORED_PATH is not set"],
  ["NO_COLOR", "no colours, unless --color says otherwise"],
  ["POSIXLY_CORRECT", "the first operand ends the options of a subcommand"],
  ["TSXS_DEBUG", "set to 1: as --verbose"],
  ["TSXS_TRACE", "set to 1: as --trace"],
];

/** Examples of the command as a whole. */
export const globalExamples: readonly Row[] = [
  ["tsxs ls /local/domain", "print the nodes of all domains"],
  ["tsxs -a unix:/run/x.socket read /tool", "use another store"],
  ["tsxs --timeout 5 --trace read /tool", "print requests and replies"],
  ["tsxs help watch", "print the options of watch"],
];

/** Prints the help of each subcommand that is named, or of the whole command. */
export function help(context: Context): Promise<number> {
  const names = context.args[0] === "--" ? context.args.slice(1) : context.args;
  const texts = names.length === 0 ? [wholeHelp()] : names.map((name) => {
    const known = helps.get(name);
    if (known !== undefined) return helpOf(name, known);
    throw new Failure(`unknown mode ${escapeText(name)}${hint(name, context.names, "")}`);
  });
  const printer = new Printer(context.invocation);
  printer.print(texts.join("\n"));
  printer.flush();
  return Promise.resolve(0);
}

function wholeHelp(): string {
  const summaries = [...helps].map(([name, { summary }]): Row => [name, summary]);
  return "Usage: tsxs [OPTION...] SUBCOMMAND [ARGUMENT...]\n\n" +
    "Reads, writes and watches a XenStore.\n\n" +
    section("Subcommands", summaries) + section("Options, before the subcommand", globalOptions) +
    section("Environment", globalEnvironment) + section("Examples", globalExamples).trimEnd() + "\n";
}

/** Returns the help of a subcommand. */
export function helpOf(name: string, { summary, usage, notes = [], ...sections }: Help): string {
  const capital = summary.charAt(0).toUpperCase() + summary.slice(1);
  const text = `Usage: tsxs ${name}${usage === "" ? "" : ` ${usage}`}\n\n${capital}.\n${notes.join("\n")}` +
    `${notes.length === 0 ? "" : "\n"}\n${section("Options", sections.options)}` +
    section("Exit status", sections.statuses ?? []) + section("Environment", sections.environment ?? []) +
    section("Examples", sections.examples);
  return `${text.trimEnd()}\n`;
}

/** Lays out rows in two columns below a title. */
export function section(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const width = Math.max(...rows.map(([left]) => left.length)) + GAP;
  return `${title}:\n${rows.map(([left, right]) => `  ${left.padEnd(width)}${right}\n`).join("")}\n`;
}
