// What `help` prints of each subcommand.

import type { Help, Row } from "./help_entry.ts";
import { toolHelps } from "./help_tools.ts";

const json: Row = ["-j, --json", "print JSON lines"];
const signalled: Row = ["129, 130, 143", "SIGHUP, SIGINT (Ctrl-C) or SIGTERM ended it"];

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
  ...toolHelps,
  ["wait", {
    summary: "wait until a node exists, or has a value",
    usage: "[-t SECONDS] PATH [VALUE]",
    description: [
      "The value is typed as for tsxs write. Without --timeout, the subcommand waits forever.",
    ],
    options: [["-t, --timeout SECONDS", "wait so long at most"]],
    statuses: [
      ["0", "the node exists, or has the value"],
      ["1", "it failed, or an argument is invalid"],
      ["124", "the time limit has passed"],
    ],
    examples: [["tsxs wait -t 60 /local/domain/5/device", "wait a minute for the devices"]],
  }],
  ["tree", {
    summary: "draw the tree below nodes",
    usage: "[-p] [-d DEPTH] [PATH...]",
    description: [
      "Lines are cut to the width of a terminal. A node that cannot be read is drawn with the reason.",
    ],
    options: [["-d, --depth DEPTH", "draw so many levels only"], ["-p, --prefix", "add the permissions"], [
      "--json",
      "print JSON lines",
    ]],
    statuses: [["0", "all nodes were drawn"], ["1", "it failed, or a node cannot be read"]],
    environment: [["LC_ALL, LC_CTYPE, LANG", "the first that is set says if lines are drawn in UTF-8"]],
    examples: [["tsxs tree -d 2 /local", "draw two levels below /local"]],
  }],
  ["dump", {
    summary: "print a subtree with values and permissions as JSON lines",
    usage: "[--json] [PATH]",
    description: [
      "Each line is one object in ASCII. Bytes stand in JSON as text if they are valid UTF-8, and as base64 otherwise. A dump is not a snapshot: other clients may change the tree while it is printed.",
    ],
    options: [["-j, --json", "print JSON lines, as it does without this option"]],
    statuses: [["0", "all nodes were printed"], ["1", "it failed, or a node cannot be read"]],
    examples: [["tsxs dump /local/domain/5 > guest", "keep the nodes of a guest"]],
  }],
  ["restore", {
    summary: "make a subtree as a dump says, after a question",
    usage: "[-y] [-n] [-d] [--json] DUMP",
    description: [
      "All changes are one transaction: after an error or Ctrl-C, nothing is changed. Nodes that the dump lacks stay, unless --delete is given. The dump - is standard input.",
    ],
    options: [
      ["-y, --yes", "do not ask"],
      ["-n, --dry-run", "print the difference only"],
      ["-d, --delete", "remove nodes that are not in the dump"],
      json,
    ],
    statuses: [
      ["0", "the store is as the dump says, or --dry-run was given"],
      ["1", "it failed and changed nothing, or the answer was no"],
    ],
    examples: [["tsxs restore -n guest", "print what would change"]],
  }],
  ["diff", {
    summary: "print the difference between a dump and the store or another dump",
    usage: "[--json] DUMP [DUMP]",
    description: [
      "A plus sign marks a node that only the second one has, a minus sign one that only the first has, and a tilde one that differs. The dump - is standard input.",
    ],
    options: [json],
    statuses: [["0", "nothing differs"], ["1", "something differs"], ["2", "it failed"]],
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
      ["remove -f, --force", "remove a checkpoint that others need"],
      ["remove -n, --dry-run", "print the names only"],
      ["break-lock -f, --force", "break the lock of a process that may run"],
    ],
    statuses: [
      ["0", "it succeeded"],
      ["1", "it failed, `diff` found a difference, or no lock exists"],
      ["2", "`diff` failed, or an argument of it is invalid"],
      signalled,
    ],
    examples: [
      ["tsxs checkpoint save /local/domain/5", "keep the nodes of a guest"],
      ["tsxs checkpoint diff last", "print what has changed since then"],
      ["tsxs checkpoint restore -d 7 last", "restore them for domain 7"],
    ],
  }],
  ["pool", {
    summary: "keep states of guests, and share them between hosts",
    usage: "ACTION [OPTION...] OBJECT [STATE...]",
    notes: [
      "The actions: show OBJECT..., check OBJECT STATE..., get OBJECT STATE,",
      "set OBJECT STATE, unset OBJECT STATE..., push OBJECT STATE,",
      "pop OBJECT STATE, locks OBJECT..., and break-lock OBJECT STATE.",
      "A location is a directory, link+DIRECTORY, or ssh://USER@HOST:PORT/PATH.",
      "A pool of this host has the scope shared, and one of another host swarm.",
      "As GATEWAY=LOCATION it has the scope cluster, unless --gateway is the same.",
      "The name of a gateway has none of the characters / = : +.",
    ],
    options: [
      ["-d, --directory DIRECTORY", "use the states of a directory of this host"],
      ["-p, --pool LOCATION", "use a pool as well; may be repeated"],
      ["-g, --gateway GATEWAY", "the name of the gateway of this host"],
      ["-s, --scope SCOPES", "of own,swarm,cluster,shared use these only"],
      ["-S, --subtree PATH", "the nodes of the object"],
      ["-D, --disk DISK", "a disk, NAME=IMAGE; may be repeated"],
      ["-i, --domid DOMID", "get the nodes for another domain"],
      ["-P, --policy LETTERS", "what happens if the state exists, and if not"],
      ["-c, --check-policy LETTERS", "the same for the object itself"],
      ["-k, --skip-locks", "read without waiting for locks"],
      ["-t, --lock-timeout SECONDS", "wait so long for a lock"],
      ["-j, --json", "print JSON lines"],
      ["pop -u, --unset-policy LETTERS", "the policy of removing the state"],
      ["break-lock -f, --force", "break the lock of a process that may run"],
    ],
    statuses: [
      ["0", "it succeeded"],
      ["1", "a state of `check` is missing, or no lock exists"],
      ["2", "it failed, or an argument is invalid"],
      signalled,
    ],
    examples: [
      ["tsxs pool set -S /local/domain/5 web clean", "keep the nodes of a guest"],
      ["tsxs pool show -p /srv/pool web", "list the states here and in a pool"],
    ],
  }],
  ["find", {
    summary: "print the nodes whose paths or values match",
    usage: "[--json] [-v PATTERN] [GLOB]",
    description: [
      "In a glob, * matches any characters within a name, ** any number of levels, a question mark one byte, and [a-z] one byte of a set. A backslash takes the meaning from the character after it.",
    ],
    options: [["-v, --value PATTERN", "print nodes with such values only"], json],
    statuses: [["0", "a node matches"], ["1", "no node matches"], ["2", "it failed, or a node cannot be read"]],
    examples: [["tsxs find '/local/domain/*/name'", "print the names of the domains"]],
  }],
  ["stat", {
    summary: "print the numbers of nodes and bytes by domain",
    usage: "[--json] [PATH]",
    description: [
      "Bytes are those of names and values. A store counts more memory than that for its quota.",
    ],
    options: [json],
    examples: [["tsxs stat", "count all nodes"]],
  }],
  ["trace", {
    summary: "show what programs say to the store and what it answers",
    usage: "[OPTION...] [PROGRAM [ARGUMENT...]]",
    statuses: [
      ["0", "a signal ended it, or all answers are equal"],
      ["1", "some answers differ"],
      ["2", "an error, with --replay"],
      ["126, 127", "the program cannot be run, or does not exist"],
      ["other", "that of the program"],
    ],
    options: [
      ["--socket SOCKET", "listen on a socket, without a program until a signal"],
      ["-o, --out FILE", "write the trace to a file"],
      ["-j, --json", "write JSON lines, which --replay needs"],
      ["--replay FILE", "send the requests of a trace, and print other answers"],
    ],
    examples: [
      ["tsxs trace xenstore-ls /tool", "trace a program"],
      ["tsxs trace --socket /run/x.socket", "trace the programs that use a socket"],
      ["tsxs trace --json --out t xl list", "record a trace"],
      ["tsxs trace --replay t", "replay it against the store of this machine"],
    ],
  }],
  ["top", {
    summary: "show what changes, by domain and path",
    usage: "[-i SECONDS] [-o] [--json]",
    notes: ["On a terminal: q quits, p pauses, and r, t and n sort by rate, total and name."],
    options: [
      ["-i, --interval SECONDS", "the time between two views, 1 without it"],
      ["-o, --once", "print one table after an interval"],
      ["-j, --json", "print a JSON line after each interval"],
    ],
    examples: [["tsxs top", "watch the store until q is pressed"]],
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
      ["-r, --repository DIRECTORY", "look for snapshots in a directory"],
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
    usage: "--socket SOCKET [OPTION...]",
    description: [
      "The socket is accessible to its owner alone. Without --data, the store is new at each start. With it, every change is synced before its reply.",
    ],
    options: [
      ["--socket SOCKET", "the socket, which is removed at the end"],
      ["--data DIRECTORY", "keep the store in a directory"],
      ["--log FILE", "append the log to a file instead of standard error"],
      ["--pid-file FILE", "write the number of the process to a file"],
    ],
    statuses: [
      ["0", "a signal ended it"],
      ["1", "it failed, or an argument is invalid"],
      ["128", "a second signal ended it"],
    ],
    environment: [["NOTIFY_SOCKET", "set by systemd: told by systemd-notify that the socket is ready"]],
    examples: [["tsxs serve --socket /run/tsxs/socket", "serve a new store, in memory"]],
  }],
  ["shell", {
    summary: "run commands at a prompt, or from standard input",
    usage: "",
    notes: [
      "On a terminal, Tab completes, and the history is kept in $TSXS_HISTORY.",
      "Otherwise, the first command that fails ends the shell with its status.",
      "A hyphen before a command ignores its failure.",
    ],
    options: [],
    examples: [
      ["tsxs shell", "show a prompt; `help` lists the commands"],
      ["tsxs shell < script", "run the commands of a file on one connection"],
    ],
  }],
  ["tour", {
    summary: "show the calls of the library on a store",
    usage: "",
    notes: ["It writes below /tool/tsxs-tour, or data/tsxs-tour in a guest, and removes that."],
    options: [],
    examples: [["tsxs tour", "use the store of this machine, or an embedded one"]],
  }],
  ["completion", {
    summary: "print the script that completes the command in a shell",
    usage: "SHELL",
    notes: ["The shells are bash, zsh and fish."],
    description: [
      "The script asks the command for the arguments that may stand at the cursor. Paths are those of the store at the address that was typed before them, or of the store of this machine. After a second without an answer, no path is completed.",
    ],
    options: [],
    environment: [["TSXS_COMPLETION_TIMEOUT", "the seconds to wait for a store, 1 without it"]],
    examples: [["tsxs completion bash >~/.tsxs", "print the script, for `source ~/.tsxs`"]],
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
