// `help`: prints what the command and its subcommands do.

import type { Context } from "./context.ts";
import { type Help, helps, type Row } from "./help_texts.ts";
import { hint } from "./hint.ts";
import { Failure } from "./invocation.ts";
import { Printer } from "./printer.ts";

const GAP = 2;

const globalOptions: readonly Row[] = [
  ["-a, --address ADDRESS", "the store: unix:/PATH, xenbus:/PATH or embedded:"],
  ["-t, --timeout SECONDS", "end with status 124 if the store is silent so long"],
  ["-v, --verbose", "print messages of the library to standard error"],
  ["-x, --trace", "print each request, reply and event to standard error"],
  ["--color WHEN", "auto, always or never; NO_COLOR counts for auto"],
  ["--[no-]progress-bars", "show the progress of long work, or do not"],
  ["-h, --help", "print this help, or that of a subcommand"],
  ["-V, --version", "print the version"],
];

const globalExamples: readonly Row[] = [
  ["tsxs ls /local/domain", "print the nodes of all domains"],
  ["tsxs -a unix:/run/x.socket read /tool", "use another store"],
  ["tsxs --timeout 5 --trace read /tool", "print requests and replies"],
  ["tsxs help watch", "print the options of watch"],
];

/** Prints the help of each subcommand that is named, or of the whole command. */
export function help(context: Context): Promise<number> {
  const texts = context.args.length === 0 ? [wholeHelp()] : context.args.map((name) => {
    const known = helps.get(name);
    if (known !== undefined) return helpOf(name, known);
    throw new Failure(`unknown mode ${name}${hint(name, context.names, "")}`);
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
    section("Examples", globalExamples).trimEnd() + "\n";
}

function helpOf(name: string, { summary, usage, options, examples, notes = [] }: Help): string {
  const capital = summary.charAt(0).toUpperCase() + summary.slice(1);
  const text = `Usage: tsxs ${name}${usage === "" ? "" : ` ${usage}`}\n\n${capital}.\n${notes.join("\n")}` +
    `${notes.length === 0 ? "" : "\n"}\n${section("Options", options)}${section("Examples", examples)}`;
  return `${text.trimEnd()}\n`;
}

/** Lays out rows in two columns below a title. */
function section(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const width = Math.max(...rows.map(([left]) => left.length)) + GAP;
  return `${title}:\n${rows.map(([left, right]) => `  ${left.padEnd(width)}${right}\n`).join("")}\n`;
}
