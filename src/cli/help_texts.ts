// What `help` prints of each subcommand.

/** An option or an example, and what it does. */
export type Row = readonly [left: string, right: string];

/** The help of a subcommand. */
export interface Help {
  /** What the subcommand does, in a line that begins with a verb. */
  readonly summary: string;
  /** The arguments. */
  readonly usage: string;
  /** Lines about its result and its exit status. */
  readonly notes?: readonly string[];
  readonly options: readonly Row[];
  readonly examples: readonly Row[];
}

const prefix: Row = ["-p, --prefix", "print the path before each result"];

const shutdownNotes = [
  "DOMAIN is a number, a UUID or a name.",
  "The status is 0 after an acknowledgement, 124 after the limit, and 1 otherwise.",
];
const shutdownOptions: readonly Row[] = [
  ["-t, --timeout SECONDS", "wait so long for the guest, instead of 60 seconds"],
  ["-w, --wait", "wait for the end of the domain as well"],
];

/** The subcommands in the order of their list. */
export const helps: ReadonlyMap<string, Help> = new Map<string, Help>([
  ["read", {
    summary: "print the values of nodes",
    usage: "[-p] [-R] PATH...",
    options: [prefix, ["-R, --raw", "print the bytes as they are, without a line end"]],
    examples: [["tsxs read /local/domain/0/name", "print the name of domain 0"]],
  }],
  ["write", {
    summary: "set the values of nodes in one transaction",
    usage: "[-R] PATH VALUE [PATH VALUE...]",
    options: [["-R, --raw", "take backslashes in values as they are"]],
    examples: [["tsxs write /tool/a one /tool/b 'two\\n'", "set two values"]],
  }],
  ["rm", {
    summary: "remove nodes and everything below them in one transaction",
    usage: "[-t] PATH...",
    options: [["-t, --tidy", "remove parents that become empty"]],
    examples: [["tsxs rm -t /tool/a/b", "remove /tool/a as well if it is empty"]],
  }],
  ["exists", {
    summary: "tell by the exit status whether all nodes exist",
    usage: "PATH...",
    notes: ["The status is 0 if all nodes exist and may be read, and 1 otherwise."],
    options: [],
    examples: [["tsxs exists /tool && echo yes", "print yes if the node exists"]],
  }],
  ["list", {
    summary: "print the names of the children of nodes",
    usage: "[-p] PATH...",
    options: [prefix],
    examples: [["tsxs list /local/domain", "print the numbers of the domains"]],
  }],
  ["ls", {
    summary: "print all nodes and values below a node",
    usage: "[-f] [-p] [PATH...]",
    options: [["-f, --flat", "print whole paths"], ["-p, --prefix", "print the permissions"]],
    examples: [["tsxs ls -fp /tool", "print paths, values and permissions"]],
  }],
  ["chmod", {
    summary: "set the permissions of a node",
    usage: "[-u] [-r] PATH PERMISSION...",
    notes: ["The first permission names the owner. Letters: r, w, b (both) and n (none)."],
    options: [
      ["-r, --recurse", "set those of all nodes below it as well"],
      ["-u, --upto", "set those of its parents as well"],
    ],
    examples: [["tsxs chmod -r /tool/a n0 r5", "let domain 5 read the nodes of domain 0"]],
  }],
  ["watch", {
    summary: "print the path of each change",
    usage: "[OPTION...] PATH...",
    options: [
      ["-n, --number COUNT", "end after so many events"],
      ["-d, --depth DEPTH", "report so many levels only"],
      ["--timestamps", "print the time before each path"],
      ["--value", "print the value after each path"],
      ["--previous", "print the value and the one before it"],
      ["--no-initial", "leave out the first event of each path"],
      ["--json", "print a JSON object on a line for each event"],
      ["--exec SCRIPT", "run `$SHELL -c SCRIPT tsxs PATH TOKEN` for each event"],
    ],
    examples: [
      ["tsxs watch /local/domain", "print all changes of domains"],
      ["tsxs watch --exec 'echo \"$1\"' /tool", "run a script"],
    ],
  }],
  ["wait", {
    summary: "wait until a node exists, or has a value",
    usage: "[-t SECONDS] PATH [VALUE]",
    notes: ["The status is 0 when it does, 124 after the time limit, and 1 after an error."],
    options: [["-t, --timeout SECONDS", "wait so long at most"]],
    examples: [["tsxs wait -t 60 /local/domain/5/device", "wait a minute for the devices"]],
  }],
  ["tree", {
    summary: "draw the tree below nodes",
    usage: "[-p] [-d DEPTH] [PATH...]",
    options: [["-d, --depth DEPTH", "draw so many levels only"], ["-p, --prefix", "add the permissions"]],
    examples: [["tsxs tree -d 2 /local", "draw two levels below /local"]],
  }],
  ["dump", {
    summary: "print a subtree with values and permissions as JSON lines",
    usage: "[--json] [PATH]",
    options: [],
    examples: [["tsxs dump /local/domain/5 > guest", "keep the nodes of a guest"]],
  }],
  ["restore", {
    summary: "make a subtree as a dump says, after a question",
    usage: "[-y] [-n] [-d] [--json] DUMP",
    options: [
      ["-y, --yes", "do not ask"],
      ["-n, --dry-run", "print the difference only"],
      ["-d, --delete", "remove nodes that are not in the dump"],
      ["-j, --json", "print JSON lines"],
    ],
    examples: [["tsxs restore -n guest", "print what would change"]],
  }],
  ["diff", {
    summary: "print the difference between a dump and the store or another dump",
    usage: "[--json] DUMP [DUMP]",
    options: [["-j, --json", "print JSON lines"]],
    examples: [["tsxs diff guest", "compare a dump with the store"]],
  }],
  ["find", {
    summary: "print the nodes whose paths or values match",
    usage: "[--json] [-v GLOB] [GLOB]",
    options: [["-v, --value GLOB", "print nodes with such values only"], ["-j, --json", "print JSON lines"]],
    examples: [["tsxs find '/local/domain/*/name'", "print the names of the domains"]],
  }],
  ["stat", {
    summary: "print the numbers of nodes and bytes by domain",
    usage: "[--json] [PATH]",
    options: [["-j, --json", "print JSON lines"]],
    examples: [["tsxs stat", "count all nodes"]],
  }],
  ["control", {
    summary: "send a command to the daemon",
    usage: "COMMAND [ARGUMENT...]",
    options: [],
    examples: [["tsxs control help", "print the commands of the daemon"]],
  }],
  ["domains", {
    summary: "list the domains, or print the events of their lives",
    usage: "[OPTION...]",
    notes: [
      "Without --all and --inactive, only domains that run are listed.",
      "Options of one kind add domains, and options of other kinds leave domains out.",
    ],
    options: [
      ["--all", "list all domains"],
      ["--inactive", "list domains that do not run"],
      ["--state-running", "list domains that run"],
      ["--state-paused", "list paused domains"],
      ["--state-shutoff", "list domains that do not run"],
      ["--state-other", "list domains in another state"],
      ["--persistent", "list domains with a definition"],
      ["--transient", "list domains without a definition"],
      ["--autostart", "list domains that start with the host"],
      ["--no-autostart", "list domains that do not start with the host"],
      ["--with-managed-save", "list domains with a saved image"],
      ["--without-managed-save", "list domains without a saved image"],
      ["--with-snapshot", "list domains with a snapshot"],
      ["--without-snapshot", "list domains without a snapshot"],
      ["--with-checkpoint", "list domains with a checkpoint"],
      ["--without-checkpoint", "list domains without a checkpoint"],
      ["--table", "print a table, as without an option"],
      ["--title", "add the titles to the table"],
      ["--managed-save", "call a domain saved if it has a saved image"],
      ["--uuid, --id, --name", "print these columns only, without a table"],
      ["-j, --json", "print JSON lines"],
      ["--watch", "print events instead of a list"],
      ["-n, --number NR", "end after so many events"],
      ["--interval SECONDS", "look for pauses and definitions so often"],
      ["--root DIRECTORY", "look for files of the host in another root"],
    ],
    examples: [
      ["tsxs domains --all --title", "list all domains with their titles"],
      ["tsxs domains --state-paused --name", "print the names of paused domains"],
      ["tsxs domains --watch --json", "print events as JSON lines"],
    ],
  }],
  ["shutdown", {
    summary: "ask a guest to power off",
    usage: "[-t SECONDS] [-w] DOMAIN",
    notes: shutdownNotes,
    options: shutdownOptions,
    examples: [["tsxs shutdown -w web", "power off, and wait for the end"]],
  }],
  ["reboot", {
    summary: "ask a guest to reboot",
    usage: "[-t SECONDS] [-w] DOMAIN",
    notes: shutdownNotes,
    options: shutdownOptions,
    examples: [["tsxs reboot -t 10 5", "give domain 5 ten seconds to answer"]],
  }],
  ["suspend", {
    summary: "ask a guest to suspend itself",
    usage: "[-t SECONDS] [-w] DOMAIN",
    notes: shutdownNotes,
    options: shutdownOptions,
    examples: [["tsxs suspend web", "ask, and withdraw the request after a minute"]],
  }],
  ["serve", {
    summary: "run a daemon on a socket until SIGTERM or SIGINT",
    usage: "--socket PATH [OPTION...]",
    notes: ["The status is 0 after a signal, and 1 after an error."],
    options: [
      ["--socket PATH", "the socket, which is removed at the end"],
      ["--data DIRECTORY", "keep the store in a directory"],
      ["--log FILE", "append the log to a file instead of standard error"],
      ["--pid-file FILE", "write the number of the process to a file"],
    ],
    examples: [["tsxs serve --socket /run/tsxs/socket", "serve a new store, in memory"]],
  }],
  ["tour", {
    summary: "show the calls of the library on a store",
    usage: "",
    notes: ["It writes below /tool/tsxs-tour, or data/tsxs-tour in a guest, and removes that."],
    options: [],
    examples: [["tsxs tour", "use the store of this machine, or an embedded one"]],
  }],
  ["help", {
    summary: "print the help of the command or of subcommands",
    usage: "[SUBCOMMAND...]",
    options: [],
    examples: [["tsxs help read", "print the options of read"]],
  }],
  ["version", {
    summary: "print the version",
    usage: "",
    options: [],
    examples: [["tsxs version", "print the version of the package"]],
  }],
]);
