// Random requests for the differential tests, with few paths, names and values, so that they concern the same nodes.

import { Operation as Op } from "../../../src/wire/operations.ts";
import { type Random, Weighted } from "../../support/random.ts";
import type { Request } from "./steps.ts";

/** Creates a request. */
export type Make = (random: Random) => Request;

const NAMES = ["a", "b", "c", "d"] as const;
const TOKENS = ["t", "t", "u", "v w", "", "\xff\x01"] as const;
const SPECIALS = ["@introduceDomain", "@releaseDomain", "@introduceDomain", "@releaseDomain", "@foo"] as const;
const ROOTS = ["/", "/tool", "/local", "/local/domain", "/tool/xenstored"] as const;
const BAD_PATHS = [
  "",
  "//",
  "/a/",
  "a/",
  "/a//b",
  "//a",
  "/a.b",
  "/a b",
  "a:b",
  "/\xe9",
  "/a/.",
  "/a\tb",
  "@",
  "/a@b",
  "/@a",
  "/a-_/b",
] as const;
/** The guests. */
export const DOMIDS = ["1", "2", "3"] as const;
const OTHER_DOMIDS = ["0", "9", "01", "1x", "abc", "", "99x", "-1", "70000", "65535", "65536", "32752", "0x1"] as const;
const BAD_PERMS = ["x1", "", "n", "nabc", "r1x", "1", "n+", "r 0x", "b-"] as const;
const ODD_PERMS = ["n 1", "r0x1", "n01", "r-1", "n-1", "r4294967296", "b+2", "r4294967297", "w08"] as const;
const UNKNOWN = [15, 16, 20, 27, 77, 128, 65535, 0xffffffff] as const;
/** A path whose READ leaves an error in the memory of 4.17. */
export const NOWHERE = "/no/such/node\0";
const ONE_STRING: readonly number[] = [Op.DIRECTORY, Op.READ, Op.GET_PERMS, Op.MKDIR, Op.RM];

function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.below(10)).join("");
}

function names(random: Random, most: number): string {
  return Array.from({ length: 1 + random.below(most) }, () => random.of(NAMES)).join("/");
}

/** Lengths around the limits of 2048 bytes below a home and 3072 bytes in total. */
function longPath(random: Random): string {
  const length = random.of([2046, 2047, 2048, 2049]);
  const head = random.of([
    "/long/",
    "/local/domain/1/long/",
    "/local/domain/12345/",
    "long/",
    "/local/domain/2/",
    "/l/",
  ]);
  const stripped = head.startsWith("/local/domain/") ? head.replace(/^\/local\/domain\/\d+\//, "") : head;
  return head + "x".repeat(length - stripped.length);
}

/** One of 40 nodes whose names exceed one reply. */
export function wideChild(random: Random): string {
  return `/wide/${random.of(NAMES).repeat(200)}${digits(random, 1)}`;
}

const paths = new Weighted<(random: Random) => string>([
  [400, (random) => `/${names(random, 3)}`],
  [120, (random) => `/local/domain/${random.of(DOMIDS)}`],
  [220, (random) => `/local/domain/${random.of(DOMIDS)}/${names(random, 2)}`],
  [120, (random) => names(random, 2)],
  [60, (random) => random.of(ROOTS)],
  [30, (random) => random.of(BAD_PATHS)],
  [20, (random) => random.of(SPECIALS)],
  [4, longPath],
  [10, wideChild],
  [8, () => "/wide"],
  [10, (random) => `/${names(random, 2)}/large`],
]);

const values = new Weighted<(random: Random) => string>([
  [100, (random) => digits(random, 1)],
  [20, () => ""],
  [20, (random) => "x".repeat(random.below(30))],
  [10, (random) => `\0${String.fromCharCode(random.below(256))}\xff\0`],
  [4, (random) => "z".repeat(1960 + random.below(80))],
]);

const permissions = new Weighted<(random: Random) => string>([
  [400, (random) => random.of(["n", "r", "w", "b"]) + random.of(["0", "1", "2", "3", "1", "2", "3", "9"])],
  [8, (random) => random.of(ODD_PERMS)],
  [4, (random) => random.of(BAD_PERMS)],
]);

function pathOf(random: Random): string {
  return paths.pick(random)(random);
}

function domidOf(random: Random): string {
  return random.often(700) ? random.of(DOMIDS) : random.of(OTHER_DOMIDS);
}

function permissionsOf(random: Random): string {
  const count = random.often(30) ? 4 + random.below(4) : 1 + random.below(3);
  return Array.from({ length: count }, () => `${permissions.pick(random)(random)}\0`).join("");
}

/** A value near the size limit. It gets no children, because 4.17 counts permissions of ended domains. */
export function writeLarge(random: Random): Request {
  const value = "y".repeat(244 + 8 * random.below(6) + random.below(2));
  return { type: Op.WRITE, text: `/${names(random, 2)}/large\0${value}`, tx: 0 };
}

function write(random: Random): Request {
  const path = pathOf(random);
  if (!random.often(3)) return { type: Op.WRITE, text: `${path}\0${values.pick(random)(random)}`, tx: 0 };
  return { type: Op.WRITE, text: `/a\0${"m".repeat(random.of([4092, 4093, 3000, 4090]))}`, tx: 0 };
}

const WATCHED = ["/", "/a", "/b", "/c/a", "a", "b", "/local/domain/1", "/local/domain/2/a", ...SPECIALS] as const;

function watched(random: Random): string {
  return random.often(500) ? random.of(WATCHED) : pathOf(random);
}

function watch(random: Random): Request {
  const path = watched(random);
  const token = random.often(5) ? "T".repeat(4088 - path.length) : random.of(TOKENS);
  return { type: Op.WATCH, text: `${path}\0${token}\0`, tx: 0 };
}

function unwatch(random: Random): Request {
  return { type: Op.UNWATCH, text: `${watched(random)}\0${random.of(TOKENS)}\0`, tx: 0 };
}

/** The root always belongs to domain 0, because the C daemon removes it with its owner. */
function setPermissions(random: Random): Request {
  const path = pathOf(random);
  const own = path === "/" ? random.of(["n0\0", "r0\0", "b0\0", "n0\0", "n0\0"]) : "";
  return { type: Op.SET_PERMS, text: `${path}\0${own}${permissionsOf(random)}`, tx: 0 };
}

function onPath(type: number): Make {
  return (random) => ({ type, text: `${pathOf(random)}\0`, tx: 0 });
}

function onDomain(type: number): Make {
  return (random) => ({ type, text: `${domidOf(random)}\0`, tx: 0 });
}

/** No domids that only one of the stores accepts, because the stores would differ afterwards. */
function life(random: Random): Request {
  const domid = random.often(600) ? random.of(DOMIDS) : random.of(["0", "9", "abc", "", "99x", "-1", "70000", "32752"]);
  switch (random.below(4)) {
    case 0:
      return { type: Op.RELEASE, text: `${random.of(["0", "9", "abc", "", "99x", "70000", "-1"])}\0`, tx: 0 };
    case 1: {
      const first = random.often(800) ? random.of(DOMIDS) : random.of(["0", "", "abc"]);
      return {
        type: Op.INTRODUCE,
        text: `${first}\0${random.of(["1", "x"])}\0${random.of(["0", "", "abc"])}\0`,
        tx: 0,
      };
    }
    case 2:
      return { type: Op.RESUME, text: `${domid}\0`, tx: 0 };
    default: {
      const target = random.often(500) ? random.of(DOMIDS) : domid;
      return { type: Op.SET_TARGET, text: `${random.of(["9", "99x"])}\0${target}\0`, tx: 0 };
    }
  }
}

function control(random: Random): Request {
  // Whether the daemon knows a domain: permissions make one known, and its end makes it unknown again.
  if (random.often(600)) return { type: Op.CONTROL, text: `quota\0${domidOf(random)}\0`, tx: 0 };
  return {
    type: Op.CONTROL,
    text: random.of(["check\0", "check\0", "nosuch\0", "", "check", "\0", "check\0more\0"]),
    tx: 0,
  };
}

function newer(random: Random): Request {
  const type = random.of([Op.GET_FEATURE, Op.GET_QUOTA, Op.SET_FEATURE, Op.SET_QUOTA]);
  const setting = type === Op.SET_FEATURE || type === Op.SET_QUOTA;
  return {
    type,
    text: setting ? random.of(["1\0", "nosuch\0x\0", ""]) : random.of(["", "nodes\0", "9\0", "1\0"]),
    tx: 0,
  };
}

/** Transactions are soon ended: while they are open, the C daemon throttles guests. */
function stray(random: Random): Request {
  const text = random.of(["T\0", "F\0", "X\0", "T", "", "T\0F\0"]);
  return { type: Op.TRANSACTION_END, text, tx: random.of([0, -7, 1]) };
}

const reads: readonly (readonly [number, Make])[] = [
  [120, onPath(Op.READ)],
  [80, onPath(Op.DIRECTORY)],
  [60, onPath(Op.GET_PERMS)],
  [40, (random) => ({
    type: Op.DIRECTORY_PART,
    text: `${pathOf(random)}\0${random.of(["0", "0", "0", "2", "3", "-1", "x", "", "5000", "232"])}\0`,
    tx: 0,
  })],
  [12, onDomain(Op.GET_DOMAIN_PATH)],
  [12, onDomain(Op.IS_DOMAIN_INTRODUCED)],
];
const changes: readonly (readonly [number, Make])[] = [
  [230, write],
  [70, onPath(Op.MKDIR)],
  [80, onPath(Op.RM)],
  [80, setPermissions],
];
/** Requests that change nothing. */
export const reading: Weighted<Make> = new Weighted(reads);
/** Requests for transactions. */
export const inside: Weighted<Make> = new Weighted([...reads, ...changes]);
const watching: readonly (readonly [number, Make])[] = [
  [90, watch],
  [40, unwatch],
  [4, (random) => ({ type: Op.RESET_WATCHES, text: random.of(["", "\0", "junk"]), tx: 0 })],
];
/** Requests of all kinds, except those that start transactions, introduce domains or release them. */
export const outside: Weighted<Make> = new Weighted([
  ...reads,
  ...changes,
  ...watching,
  [16, stray] as const,
  [16, life] as const,
  [16, control] as const,
  [6, newer] as const,
  [
    8,
    (random: Random) => ({ type: random.of(UNKNOWN), text: random.of(["", "/a\0", "x"]), tx: random.of([0, 0, -9]) }),
  ] as const,
]);

/** The same payload with a shorter path, if 4.17 would apply the guests' limit of the path to domain 0. */
export function withinGuestsLimit(text: string): string {
  const [path = "", ...rest] = text.split("\0");
  const excess = path.startsWith("/") ? path.replace(/^\/local\/domain\/\d+\//, "").length - 2048 : 0;
  return excess > 0 ? [path.slice(0, -excess), ...rest].join("\0") : text;
}

/** Whether 4.17 returns the error of an earlier request. The next request must then leave an error. */
export function needsErrno({ type, text }: Request): boolean {
  if (type === Op.SET_PERMS) return text.startsWith("@");
  return ONE_STRING.includes(type) && text.indexOf("\0") !== text.length - 1 ||
    (ONE_STRING.includes(type) && text === "");
}
