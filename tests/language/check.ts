// Lists the sentences that break a rule of language: `tsx tests/language/check.ts [PATH PREFIX...]`.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { allowed, type Finding, findingsOf, rules } from "./rules.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const prefixes = process.argv.slice(2);

/** The files that Git knows of, and those that are about to be added. */
function files(): string[] {
  const arguments_ = ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.md"];
  const all = execFileSync("git", arguments_, { cwd: root, encoding: "utf8" }).split("\n");
  // The rules quote the words that they are about.
  const read = all.filter((file) => file !== "" && !file.startsWith("tests/language/"));
  return read.filter((file) => prefixes.length === 0 || prefixes.some((prefix) => file.startsWith(prefix)));
}

const texts = new Map(files().map((file) => [file, readFileSync(join(root, file), "utf8")]));
const findings: Finding[] = [...texts].flatMap(([file, text]) => findingsOf(file, text));
for (const { rule, file, line, text } of findings) console.log(`${file}:${line}: [${rule}] ${text.slice(0, 160)}`);
const unused = prefixes.length > 0 ? [] : allowed.filter(({ file, words }) => !texts.get(file)?.includes(words));
for (const { file, words } of unused) console.log(`${file}: no longer says ${JSON.stringify(words)}`);
const counts = rules.map(({ name }) => `${name} ${findings.filter(({ rule }) => rule === name).length}`);
console.log(`${texts.size} files read; ${counts.join(", ")}; ${allowed.length} uses allowed`);
process.exitCode = findings.length + unused.length === 0 && texts.size > 0 ? 0 : 1;
