// The help of the subcommands that Xen has as tools of their own.

import type { Help, Row } from "./help_entry.ts";

const prefix: Row = ["-p, --prefix", "print the path before each result"];

/** The subcommands in the order of their list. */
export const toolHelps: readonly (readonly [name: string, help: Help])[] = [
  ["read", {
    summary: "print the values of nodes",
    usage: "[-p] [-R] PATH...",
    description: [
      "Several keys are read in one transaction. Bytes that are not printable ASCII are escaped as \\t, \\n, \\r, \\\\, \\NNN or \\xHH, unless --raw is given.",
    ],
    options: [prefix, ["-R, --raw", "print the bytes as they are, without a line end"]],
    examples: [["tsxs read /local/domain/0/name", "print the name of domain 0"]],
  }],
  ["write", {
    summary: "set the values of nodes in one transaction",
    usage: "[-R] PATH VALUE [PATH VALUE...]",
    description: [
      "In a value, \\t, \\n, \\r, \\NNN and \\xHH stand for bytes, and any other character after a backslash for itself, unless --raw is given.",
    ],
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
    options: [],
    statuses: [["0", "all nodes exist and may be read"], ["1", "a node does not exist, or it failed"]],
    examples: [["tsxs exists /tool && echo yes", "print yes if the node exists"]],
  }],
  ["list", {
    summary: "print the names of the children of nodes",
    usage: "[-p] PATH...",
    description: [
      "Names are escaped as the values of tsxs read are.",
    ],
    options: [prefix],
    examples: [["tsxs list /local/domain", "print the numbers of the domains"]],
  }],
  ["ls", {
    summary: "print all nodes and values below a node",
    usage: "[-f] [-p] [PATH...]",
    description: [
      "Values are cut to the width of the terminal, or to 80 columns if the output goes elsewhere. With --flat, whole values are printed if the output is not a terminal.",
    ],
    options: [["-f, --flat", "print whole paths"], ["-p, --prefix", "print the permissions"]],
    examples: [["tsxs ls -fp /tool", "print paths, values and permissions"]],
  }],
  ["chmod", {
    summary: "set the permissions of a node",
    usage: "[-u] [-r] PATH PERMISSION...",
    notes: ["The first permission names the owner. Letters: r, w, b (both) and n (none)."],
    description: [
      "A permission is a letter and the number of a domain. The first one names the owner, and says what all domains may do that are not named.",
    ],
    options: [
      ["-r, --recurse", "set those of all nodes below it as well"],
      ["-u, --upto", "set those of its parents as well"],
    ],
    examples: [["tsxs chmod -r /tool/a n0 r5", "let domain 5 read the nodes of domain 0"]],
  }],
  ["watch", {
    summary: "print the path of each change",
    usage: "[OPTION...] PATH...",
    description: [
      "Each watch reports its own path first. An event says that a node changed, not what it was: values are read after the event.",
    ],
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
    statuses: [["0", "COUNT events were printed"], ["1", "it failed, or the connection was lost"]],
    environment: [
      ["SHELL", "the shell for --exec, or /bin/sh without it"],
      ["EVENT", "set for SCRIPT: initial or change"],
    ],
    examples: [
      ["tsxs watch /local/domain", "print all changes of domains"],
      ["tsxs watch --exec 'echo \"$1\"' /tool", "run a script"],
    ],
  }],
  ["control", {
    summary: "send a command to the daemon",
    usage: "COMMAND [ARGUMENT...]",
    description: [
      "The command help lists the commands of the daemon. The command live-update replaces the running daemon by another binary.",
    ],
    options: [],
    statuses: [
      ["0", "the daemon accepted the command"],
      ["1", "no daemon was reached"],
      ["2", "an argument is invalid"],
      ["3", "the daemon refused the command"],
    ],
    examples: [["tsxs control help", "print the commands of the daemon"]],
  }],
];
