// The intended differences between the command and Debian's tools of Xen 4.17, each with its reason.

import type { Result } from "./command.ts";

/** An intended difference. */
export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** Returns what the command does, from what the real tool of 4.17 did; the same object if they do not differ. */
  readonly expected: (words: readonly string[], real: Result) => Result;
}

const USAGE = /Usage: /;
const COMPLAINT = /^\S+: (?:invalid option|unrecognized option|option ).*$/m;

/** Returns the subcommand of a command line. */
function modeOf([program = "", first = ""]: readonly string[]): string {
  return program.startsWith("xenstore-") ? program.slice("xenstore-".length) : first;
}

/** Whether words ask for the help, as the cases write it. */
function asksForHelp(words: readonly string[]): boolean {
  return words.some((word) => /^(?:-p?h|--h(?:elp|el|e)?)$/.test(word));
}

/** The differences between Xen's current tree and 4.17. */
export const newer: readonly Difference[] = [
  {
    name: "-h exits 0",
    reason: "help that was asked for is no error",
    expected: (words, real) =>
      asksForHelp(words) && USAGE.test(real.stderr) && !COMPLAINT.test(real.stderr) ? { ...real, end: 0 } : real,
  },
  {
    name: "the usage does not mention -s",
    reason: "the option has had no effect since the sockets became one",
    expected: (_words, real) => {
      const stderr = real.stderr.replace(/^(.*Usage: .*) \[-s\]/m, "$1");
      return stderr === real.stderr ? real : { ...real, stderr };
    },
  },
  {
    name: "the usage of exists has no -p",
    reason: "exists has never accepted -p",
    expected: (words, real) =>
      modeOf(words) === "exists" && USAGE.test(real.stderr)
        ? { ...real, stderr: real.stderr.replace("[-h] [-p] key [...]", "[-h] key") }
        : real,
  },
  {
    name: "list -p / prints one slash",
    reason: "a path with two slashes is invalid",
    expected: (words, real) =>
      modeOf(words) === "list" && real.stdout.includes("//")
        ? { ...real, stdout: real.stdout.replace(/^\/\//gm, "/") }
        : real,
  },
  {
    name: "watch has -d",
    reason: "stores of Xen 4.22 know the depth of watches",
    expected: (words, real) => {
      const stderr = real.stderr.replace(/(possibilities: '--help' .*'--raw')$/gm, "$1 '--depth'");
      if (stderr !== real.stderr) return { ...real, stderr };
      if (!/: (?:invalid option -- 'd'|unrecognized option '--d)/.test(real.stderr)) return real;
      const [, path = "", depth = ""] = / (\S+) --?d\w* (\d+)$/.exec(words.join(" ")) ?? [];
      const name = words[0] ?? "";
      // Debian's store does not know depth, so the command fails as the newer tool does.
      return { stdout: "", stderr: `${name}: Unable to add watch on ${path} with depth ${depth}\n\n`, end: 1 };
    },
  },
];

/** The faults of all versions that the command does not repeat, as far as a single run shows them. */
export const mended: readonly Difference[] = [
  {
    name: "an unknown option ends the command",
    reason: "the tools complain, go on and exit 0",
    expected: (words, real) => {
      const complaint = COMPLAINT.exec(real.stderr)?.[0];
      if (complaint === undefined) return real;
      const [name = "", mode = ""] = words;
      const shown = name.startsWith("xenstore-") ? `./${name}` : `./${name} ${mode}`;
      return { stdout: "", stderr: `${complaint}\n${name}: Usage: ${shown} ${usages[modeOf(words)]}\n`, end: 1 };
    },
  },
  {
    name: "a backslash at the end of a value is kept",
    reason: "the tools store a NUL instead",
    expected: (words, real) =>
      modeOf(words) === "read" && real.stdout.endsWith("abc\\000\n")
        ? { ...real, stdout: real.stdout.replace(/\\000\n$/, "\\\\\n") }
        : real,
  },
];

/** The arguments in the usage of each tool of Xen's current tree. */
const usages: Readonly<Record<string, string>> = {
  read: "[-h] [-p] [-R] key [...]",
  write: "[-h] [-R] key value [...]",
  rm: "[-h] [-t] key [...]",
  exists: "[-h] key",
  list: "[-h] [-p] key [...]",
  ls: "[-h] [-f] [-p] [path]",
  chmod: "[-h] [-u] [-r] key <mode [modes...]>",
  watch: "[-h] [-n NR] key",
};

/** All differences, in the order in which they apply. */
export const differences: readonly Difference[] = [...newer, ...mended];

/** Returns what the command does, from what the real tool did, and notes the differences that made it so. */
export function expected(words: readonly string[], real: Result, used: Set<string>): Result {
  let result = real;
  for (const { name, expected } of differences) {
    const next = expected(words, result);
    if (next !== result) used.add(name);
    result = next;
  }
  return result;
}
