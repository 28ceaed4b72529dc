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
  ["checkpoint", {
    summary: "save subtrees on disk, and restore them",
    usage: "ACTION [OPTION...] [ARGUMENT...]",
    notes: [
      "The actions: save PATH, list, show NAME, diff NAME [NAME], restore NAME,",
      "remove NAME..., and break-lock NAME. A name is what save printed, its",
      "beginning, the path of a directory, or `last`.",
    ],
    options: [
      ["-r, --repository DIRECTORY", "use the checkpoints of a directory"],
      ["-j, --json", "print JSON lines"],
      ["save -s, --since NAME", "save the difference to an earlier checkpoint only"],
      ["save -w, --walk", "read without a transaction"],
      ["diff -t, --to PATH", "compare with the tree at another path"],
      ["restore -y, --yes", "do not ask"],
      ["restore -n, --dry-run", "print the difference only"],
      ["restore -t, --to PATH", "restore to another path"],
      ["restore -d, --domid DOMID", "restore for another domain, or OLD:NEW"],
      ["restore -m, --mode MODE", "replace, merge or missing"],
      ["restore -R, --raw", "restore event channels and states as well"],
      ["remove -f, --force", "remove a checkpoint that others start from"],
      ["remove -n, --dry-run", "print the names only"],
      ["break-lock -f, --force", "break the lock of a process that may run"],
    ],
    examples: [
      ["tsxs checkpoint save /local/domain/5", "keep the nodes of a guest"],
      ["tsxs checkpoint diff last", "print what has changed since then"],
      ["tsxs checkpoint restore -d 7 last", "restore them for domain 7"],
    ],
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
