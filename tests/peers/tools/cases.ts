// Command lines that the real tools and the command both run, in groups that each begin with the same store.

/** Commands that run one after the other. */
export interface Group {
  readonly name: string;
  /** The command lines, split at spaces. A `~` within a word stands for a space, `^` for an empty word. */
  readonly lines: readonly string[];
}

const modes = ["read", "write", "rm", "exists", "list", "ls", "chmod", "watch"];
const long = "x".repeat(4096);

/** All groups. Every subcommand is called by its own name and as one of `tsxs`. */
export const groups: readonly Group[] = [
  { name: "the usage of each subcommand", lines: modes.flatMap((mode) => [`xenstore-${mode} -h`, `tsxs ${mode}`]) },
  {
    name: "the names of subcommands",
    lines: ["tsxs", "tsxs bogus", "tsxs ^", "xenstore-bogus /tool", "tsxs exists -h", "xenstore-exists"],
  },
  {
    name: "options",
    lines: [
      "xenstore-read /tool -p",
      "xenstore-read -pR /tool/t/a /tool/t/b",
      "xenstore-read --pre --raw /tool/t/a",
      "xenstore-read -- -p",
      "xenstore-read -s /tool/t/a",
      "xenstore-read -x /tool",
      "tsxs read -px /tool",
      "xenstore-read --r /tool",
      "tsxs read --bogus=1 /tool",
      "xenstore-read --prefix=1 /tool",
      "xenstore-read -t /tool",
      "xenstore-write --help",
      "xenstore-rm -u /tool",
      "xenstore-list --flat /",
      "xenstore-ls -R",
      "xenstore-ls -n1",
      "xenstore-watch -n",
      "tsxs watch --number",
      "xenstore-watch -n1 /a -d 1",
      "xenstore-watch -n1 /a --depth 0",
      "xenstore-read - /tool",
    ],
  },
  {
    name: "values",
    lines: [
      "xenstore-write /tool/t/v one",
      "xenstore-read /tool/t/v",
      "xenstore-write /tool/t/v a\\x41\\101\\q\\\\\\t\\n\\r\\0\\777",
      "tsxs read -p /tool/t/v",
      "xenstore-write -R /tool/t/v \\x41é~€",
      "xenstore-read /tool/t/v /tool/t/a",
      "xenstore-read -R /tool/t/v",
      "xenstore-write /tool/t/v ^",
      "xenstore-read /tool/t/v",
      "xenstore-write /tool/t/v abc\\",
      "xenstore-read /tool/t/v",
      "xenstore-write /tool/t/v",
      "xenstore-write /tool/t/v 1 /tool/t/w",
      "xenstore-write /tool/t/v 1 /tool/t/w 2",
      "xenstore-write /tool/t/v 3 /bad/ 4",
      "xenstore-read /tool/t/v /tool/t/w",
      "tsxs write bad~path 1",
      "xenstore-read /n",
      "xenstore-read /tool/t/a /n /tool/t/b",
      "xenstore-read é",
      "xenstore-read ^",
      `tsxs write /tool/t/v ${long}`,
      `xenstore-read /${long}`,
    ],
  },
  {
    name: "lists and existence",
    lines: [
      "xenstore-list /tool/t",
      "tsxs list -p /tool/t /tool",
      "xenstore-list -p /",
      "xenstore-list / /n",
      "xenstore-list /tool/",
      "xenstore-exists /tool/t/a",
      "xenstore-exists /tool/t/a /n",
      "tsxs exists ^",
      "xenstore-exists relative",
    ],
  },
  {
    name: "trees",
    lines: [
      "xenstore-ls",
      "xenstore-ls /tool /tool/t",
      "xenstore-ls -p",
      "tsxs ls -f",
      "tsxs ls -fp /tool",
      "xenstore-ls --flat --prefix /tool/t/b",
      "xenstore-ls /tool/t/a",
      "xenstore-ls /tool /n",
      "xenstore-ls /n /tool",
      "xenstore-ls ^",
      "tsxs ls @releaseDomain",
      "xenstore-ls /tool/",
    ],
  },
  {
    name: "removal",
    lines: [
      "xenstore-rm /tool/t/b/c",
      "xenstore-rm /tool/t/a /n/x",
      "xenstore-rm /tool/t/nothing",
      "xenstore-write /tool/t/x/y/z ^",
      "tsxs rm -t /tool/t/x/y/z",
      "xenstore-ls /tool",
      "xenstore-write /tool/t/x/y/z 1 /tool/t/x 2",
      "xenstore-rm --tidy /tool/t/x/y/z",
      "xenstore-ls /tool",
      "xenstore-rm ^",
      "xenstore-rm /",
    ],
  },
  {
    name: "permissions",
    lines: [
      "xenstore-chmod /tool/t/a n0 r5",
      "tsxs chmod /tool/t/a n",
      "xenstore-chmod -r /tool/t b1 r2 w3 n4",
      "xenstore-ls -p /tool",
      "xenstore-chmod -u /tool/t/b/c n0 r7",
      "xenstore-ls -fp",
      "xenstore-chmod /tool/t/a n-1 r99999999999 ww b~7 r+3 n0x5",
      "xenstore-ls -fp /tool/t",
      "xenstore-chmod /tool/t/a",
      "xenstore-chmod /tool/t/a x0",
      "xenstore-chmod /tool/t/a ^",
      "tsxs chmod /n n0",
      "xenstore-chmod /bad/ n0",
      "xenstore-chmod ^ n0",
      "xenstore-chmod -ur / n0",
      "xenstore-write home ^ home/b ^",
      "xenstore-chmod -u home/b n0",
    ],
  },
  {
    name: "watches",
    lines: [
      "xenstore-watch -n 1 /tool/t",
      "xenstore-watch -n2 /tool/t /tool/t/a",
      "tsxs watch -n3 a b c",
      "xenstore-watch -n0 /tool/t",
      "xenstore-watch -nx /tool/t",
      "xenstore-watch -n -5 /tool/t",
      "xenstore-watch a a",
      "tsxs watch bad~path",
      "xenstore-watch -n1 @releaseDomain",
    ],
  },
  {
    name: "control",
    lines: [
      "xenstore-control",
      "xenstore-control help",
      "xenstore-control check",
      "xenstore-control quota",
      "xenstore-control bogus",
      "xenstore-control quota set nodes 1234",
      "xenstore-control quota",
      "xenstore-control print",
      "xenstore-control ^",
      "xenstore-control live-update",
      "xenstore-control live-update -t",
      "xenstore-control live-update -F -c",
      "xenstore-control live-update /nonexistent",
      "xenstore-control live-update -t 0 /bin/true",
    ],
  },
];

/** Splits a command line into words. */
export function wordsOf(line: string): string[] {
  return line.split(" ").map((word) => word === "^" ? "" : word.replaceAll("~", " "));
}
