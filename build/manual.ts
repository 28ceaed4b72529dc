// The manual pages: one for the command and one for each subcommand, from the help, in the macros of man(7).

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { globalEnvironment, globalExamples, globalOptions, globalStatuses } from "../src/cli/help.ts";
import { type Help, type Row, usualStatuses } from "../src/cli/help_entry.ts";
import { helps } from "../src/cli/help_texts.ts";
import { VERSION } from "../src/cli/version.ts";

const NAME = "tsxs";
const SITE = "https://github.com/tsxs/tsxs/blob/main/docs/command.md";
/** The longest line of text that mandoc accepts without a remark. */
const WIDTH = 78;
const DATE_LENGTH = "yyyy-mm-dd".length;
const MS_PER_S = 1000;
/** The tools of Xen that have manual pages. */
const xenPages = new Set(["chmod", "ls", "read", "write"]);
const helpRow: Row = ["--help", "print the help of the subcommand"];

/** Writes the pages, as `tsxs.1` and `tsxs-read.1`. */
export function buildManual(outdir: string): void {
  mkdirSync(outdir, { recursive: true });
  for (const [name, text] of manualPages(dateOf(process.env.SOURCE_DATE_EPOCH))) {
    writeFileSync(join(outdir, name), text);
  }
}

/** Returns the texts of the pages by the names of their files. `date` is like `2026-01-31`. */
export function manualPages(date: string): Map<string, string> {
  const pages = new Map([[`${NAME}.1`, commandPage(date)]]);
  for (const [name, help] of helps) pages.set(`${NAME}-${name}.1`, subcommandPage(name, help, date));
  return pages;
}

/** Returns the day of a build that is to be repeatable, from the seconds since 1970, or today. */
function dateOf(seconds: string | undefined): string {
  const time = seconds === undefined ? new Date() : new Date(Number(seconds) * MS_PER_S);
  return time.toISOString().slice(0, DATE_LENGTH);
}

function commandPage(date: string): string {
  const subcommands = [...helps].map(([name, { summary }]): Row => [`${NAME}-${name}(1)`, summary]);
  return head(NAME, date, "read, write and watch a XenStore") +
    section("SYNOPSIS", wrapped(`${bold(NAME)} ${usage("[OPTION...] SUBCOMMAND [ARGUMENT...]")}`)) +
    section(
      "DESCRIPTION",
      paragraph("The command reads, writes and watches a XenStore. It does what the tools of Xen do.") +
        paragraph("Without --address, it uses the store of this machine: the socket of the daemon, or the device."),
    ) +
    section("SUBCOMMANDS", subcommands.map(([left, right]) => tagged(reference(left), right)).join("")) +
    section("OPTIONS", paragraph("The options come before the subcommand.") + options(globalOptions)) +
    section(
      "EXIT STATUS",
      paragraph("The page of each subcommand lists its statuses. All subcommands have these:") + rows(globalStatuses),
    ) +
    section("ENVIRONMENT", rows(globalEnvironment)) +
    section("EXAMPLES", rows(globalExamples)) +
    seeAlso(["xenstore(1)"]);
}

/** Returns the page of a subcommand. */
export function subcommandPage(name: string, help: Help, date: string): string {
  const { summary, usage: args, notes = [], description = [], statuses = usualStatuses, environment = [], examples } =
    help;
  const sentences = [`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`, ...notes].join(" ");
  const others = globalStatuses.filter(([status]) => !statuses.some(([own]) => own === status));
  const common = globalEnvironment.map(([variable]) => variable).join(", ");
  return head(`${NAME}-${name}`, date, summary) +
    section("SYNOPSIS", wrapped(`${bold(NAME)} ${usage("[OPTION...]")} ${bold(name)} ${usage(args)}`.trimEnd())) +
    section(
      "DESCRIPTION",
      [sentences, ...description].map((text) => paragraph(text)).join("") +
        paragraph("The options before the subcommand are those of the command.", [`${NAME}(1)`]),
    ) +
    section("OPTIONS", options([...help.options, helpRow])) +
    section("EXIT STATUS", rows([...statuses, ...others].sort(([a], [b]) => Number(a) - Number(b)))) +
    section("ENVIRONMENT", rows(environment) + tagged(bold(common), "as", [`${NAME}(1)`])) +
    section("EXAMPLES", rows(examples)) +
    seeAlso([`${NAME}(1)`, ...xenPages.has(name) ? [`xenstore-${name}(1)`] : []]);
}

function head(name: string, date: string, summary: string): string {
  return `.\\" Made from the help of the command.\n` +
    `.TH ${name.toUpperCase()} 1 ${date} "${NAME} ${VERSION}" "${NAME} manual"\n` +
    section("NAME", `${escaped(name, true)} \\- ${escaped(summary)}\n`);
}

function seeAlso(pages: readonly string[]): string {
  const text = pages.map((page, i) => `${referenceMacro(page)}${i === pages.length - 1 ? "" : ","}\n`).join("");
  return section("SEE ALSO", `${text}.PP\n.UR ${SITE}\nThe documentation of the command\n.UE\n`);
}

/** Makes a section. The blank line of a paragraph is left out after its title. */
function section(title: string, body: string): string {
  return `.SH ${title.includes(" ") ? `"${title}"` : title}\n${body.replace(/^\.PP\n/, "")}`;
}

/** Makes a paragraph, which ends with references to other pages if there are any. */
function paragraph(text: string, pages: readonly string[] = []): string {
  const see = pages.map((page) => `See\n${referenceMacro(page)}.\n`).join("");
  return `.PP\n${wrapped(escaped(text))}${see}`;
}

/** Makes a list of literal texts and what they mean. */
function rows(list: readonly Row[]): string {
  return list.map(([left, right]) => tagged(bold(left), right)).join("");
}

/** Makes a list of options, whose arguments are in italics. */
function options(list: readonly Row[]): string {
  return list.map(([left, right]) => tagged(usage(left), right)).join("");
}

/** Makes an item of a list: a tag, and its text below it. */
function tagged(tag: string, text: string, pages: readonly string[] = []): string {
  const see = pages.map((page) => `in\n${referenceMacro(page)}\n`).join("");
  return `.TP\n${tag}\n${wrapped(escaped(text))}${see}`;
}

/** Formats arguments: words in capitals in italics, and options and words in lower case in bold. */
function usage(text: string): string {
  return text.replace(/--?[\w-]+|[A-Z]+|[a-z]+|[^-A-Za-z]+|./g, (part) => {
    if (/^[A-Z]/.test(part)) return `\\fI${part}\\fR`;
    return /^[-a-z]/.test(part) ? bold(part) : escaped(part);
  });
}

function bold(text: string): string {
  return `\\fB${escaped(text, true)}\\fR`;
}

/** Formats a name such as `tsxs-read(1)` within a line. */
function reference(page: string): string {
  const [, name = "", part = ""] = /^(.*)(\(\d\))$/.exec(page) ?? [];
  return bold(name) + part;
}

/** Formats a name such as `tsxs-read(1)` as a line of its own. */
function referenceMacro(page: string): string {
  const [, name = "", part = ""] = /^(.*)(\(\d\))$/.exec(page) ?? [];
  return `.BR ${escaped(name, true)} ${part}`;
}

/** Escapes text. In literal text, a hyphen is the character of the keyboard. */
function escaped(text: string, isLiteral = false): string {
  const plain = text.replace(/[\\'"`^~]/g, (character) => `\\(${names.get(character) ?? ""}`)
    .replace(
      /[^\n -~]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
    );
  if (isLiteral) return plain.replaceAll("-", "\\-");
  // An option is literal wherever it stands, and so is a hyphen that does not join two words.
  return plain.replace(
    /(?:^|[ [(])--?\w[\w-]*|(?<![a-z]{2})-|-(?![a-z]{2})/gi,
    (part) => part.replaceAll("-", "\\-"),
  );
}

/** The names of characters that roff would take for something else. */
const names: ReadonlyMap<string, string> = new Map([
  ["\\", "rs"],
  ["'", "aq"],
  ['"', "dq"],
  ["`", "ga"],
  ["^", "ha"],
  ["~", "ti"],
]);

/** Breaks text into lines. A line that begins as a request does gets a character without width before that. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) {
      lines.push(word.startsWith(".") ? `\\&${word}` : word);
    } else lines[lines.length - 1] = `${last} ${word}`;
  }
  return `${lines.join("\n")}\n`;
}
