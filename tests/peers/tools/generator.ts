// Random trees, values and command lines, from a seed.

import type { Random } from "../../support/random.ts";

/** A node of a random tree. */
export interface Planted {
  readonly path: string;
  readonly value: Uint8Array;
  readonly permissions: readonly string[];
}

const NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_@";
/** The bytes at which the escapes change. */
const EDGES = [0, 7, 8, 9, 10, 13, 31, 32, 34, 92, 126, 127, 128, 255];

/**
 * Makes the nodes of a random tree below a path, parents first. Some directories are wide and some chains are deep:
 * below 72 levels, `ls` cuts nothing.
 */
export function plant(random: Random, top: string, nodes: number): Planted[] {
  const planted = [node(random, top)];
  const add = (path: string): string => {
    planted.push(node(random, path));
    return path;
  };
  for (let i = 0; i < 80; i++) add(`${planted.at(-1)?.path}/${name(random, 2)}`);
  const wide = add(`${top}/wide`);
  for (let i = 0; i < nodes / 4; i++) add(`${wide}/${i}-${name(random, 8)}`);
  while (planted.length < nodes) {
    const parent = planted[random.below(planted.length)]?.path ?? top;
    const path = `${parent}/${name(random, random.often(100) ? 90 : 12)}`;
    if (path.length < 1500 && !planted.some((other) => other.path === path)) add(path);
  }
  return planted;
}

function node(random: Random, path: string): Planted {
  const permissions = Array.from(
    { length: 1 + random.below(4) },
    () => `${random.of(["n", "r", "w", "b"])}${domid(random)}`,
  );
  // Domain 0 owns each node, because the store refuses an owner that does not exist.
  return { path, value: value(random), permissions: [`${random.of(["n", "r", "w", "b"])}0`, ...permissions.slice(1)] };
}

function domid(random: Random): number {
  return random.of([0, 1, 9, 10, 255, 32751, 65535]);
}

function name(random: Random, longest: number): string {
  return Array.from({ length: 1 + random.below(longest) }, () => NAME.charAt(random.below(NAME.length))).join("");
}

/** A value: of any bytes, of printable ones, or of a length near the width of a line. */
export function value(random: Random): Uint8Array {
  const length = random.of([
    0,
    1,
    random.below(20),
    random.below(20),
    40 + random.below(50),
    60 + random.below(20),
    random.below(400),
  ]);
  const isPrintable = random.often(500);
  return Uint8Array.from({ length }, () => {
    if (isPrintable) return 0x20 + random.below(0x5f);
    return random.often(300) ? EDGES[random.below(EDGES.length)] ?? 0 : random.below(256);
  });
}

/** A value as a user types it, full of escapes. It has no NUL, and no single backslash at its end. */
export function typedValue(random: Random): string {
  const pieces = Array.from({ length: random.below(12) }, () =>
    random.of([
      "\\",
      "\\x",
      "\\0",
      "\\7",
      "x",
      "0x",
      "+",
      "-",
      " ",
      "\\t",
      "\\q",
      "n",
      "f",
      "G",
      "1",
      "8",
      "\\\\",
      "é",
    ]));
  const text = pieces.join("");
  return (/\\*$/.exec(text)?.[0].length ?? 0) % 2 === 1 ? `${text}\\` : text;
}

/** Random words for a tool: options of all forms but -h, which changes the status of the usage, and operands. */
export function commandLine(random: Random): string[] {
  const words = Array.from({ length: random.below(5) }, () =>
    random.of([
      "-p",
      "-R",
      "-pR",
      "-Rp",
      "-f",
      "-t",
      "-n",
      "-n1",
      "-pn",
      "-s",
      "-",
      "--",
      "",
      "/tool",
      "/n",
      "-x",
      "-p-",
      "--prefix",
      "--pre",
      "--raw",
      "--r",
      "--re",
      "--ra=1",
      "--number",
      "--number=2",
      "--num=",
      "--n",
      "--=",
      "--bogus",
      "--t",
      "-:",
      "--help=1",
    ]));
  return [random.of(["xenstore-read", "xenstore-list", "xenstore-ls", "tsxs"]), ...words];
}
