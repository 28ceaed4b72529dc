// Scripts of calls on handles of xen.lowlevel.xs: a fixed one with every method and failure, and generated ones.

import { randomFractions } from "../../support/random.ts";

/** A handle, a method, its arguments in JSON, its keywords, and the name that keeps its result. */
export type Step = readonly [
  handle: string,
  method: string,
  args: readonly unknown[],
  keywords: Readonly<Record<string, unknown>>,
  name: string,
];

const ref = (name: string): unknown => ({ ref: name });
const token = (name: string): unknown => ({ token: name });
const bytes = (...values: readonly number[]): unknown => ({
  bytes: values.map((value) => value.toString(16).padStart(2, "0")).join(""),
});
const float = (value: number): unknown => ({ float: value });
const int = (value: bigint): unknown => ({ int: `${value}` });
const dict = (entries: Readonly<Record<string, unknown>>): unknown => ({ dict: entries });
const tuple = (...items: readonly unknown[]): unknown => ({ tuple: items });

class Script {
  readonly steps: Step[] = [];

  call(handle: string, method: string, ...args: readonly unknown[]): void {
    this.steps.push([handle, method, args, {}, ""]);
  }

  keep(name: string, handle: string, method: string, ...args: readonly unknown[]): void {
    this.steps.push([handle, method, args, {}, name]);
  }

  named(handle: string, method: string, args: readonly unknown[], keywords: Readonly<Record<string, unknown>>): void {
    this.steps.push([handle, method, args, keywords, ""]);
  }
}

/** Values of every type, for arguments that accept one type. */
const VALUES: readonly unknown[] = [
  null,
  true,
  7,
  float(1.5),
  "text",
  bytes(1, 2),
  { view: "0102" },
  [],
  ["x"],
  dict({}),
  tuple(),
];
const TRANSACTIONS = [
  "",
  "0",
  "zz",
  " 0",
  "0x0",
  "-0",
  "abc",
  "ABC",
  "-1",
  "+1",
  "100000000",
  "0x",
  "1 ",
  "ffffffffffffffffff",
];
const PATHS = [
  "",
  "/",
  "//",
  "/a/",
  "/a//b",
  "relative",
  "@introduceDomain",
  "@other",
  "/with space",
  "/a.b",
  "/\u00e9",
  "/a\u0000b",
  "/\udc80",
  `/${"x".repeat(3071)}`,
  `/${"x".repeat(3072)}`,
  "x".repeat(2049),
];

function values(script: Script): void {
  const contents: readonly unknown[] = [
    "",
    "bar",
    "\u00e9\u{1f600}",
    "nul\u0000inside\u0000",
    "\ufeffbom",
    "\ud800",
    bytes(),
    bytes(0),
    bytes(0, 255, 128, 10),
    bytes(0xc3),
    bytes(0xed, 0xa0, 0x80),
    bytes(0xf4, 0x90, 0x80, 0x80, 0x41),
    bytes(0xc3, 0xa9, 0xc3, 0x28),
    bytes(...Array.from({ length: 256 }, (_, i) => i)),
    "x".repeat(4089),
    "x".repeat(4090),
    "x".repeat(4091),
    "x".repeat(70_000),
    ...VALUES,
  ];
  for (const content of contents) {
    script.call("a", "write", "", "/value", content);
    script.keep("value", "a", "read", "", "/value");
    script.call("a", "write", "", "/copied", ref("value"));
    script.call("b", "read", "", "/copied");
  }
}

function nodes(script: Script): void {
  for (const method of ["read", "ls", "mkdir", "rm", "get_permissions"]) {
    for (const path of PATHS) script.call("a", method, "0", path);
    for (const value of VALUES) {
      script.call("a", method, value, "/x");
      script.call("a", method, "", value);
    }
    for (const transaction of TRANSACTIONS) script.call("a", method, transaction, "/missing");
    script.call("a", method);
    script.call("a", method, "0");
    script.call("a", method, "0", "/x", "y");
  }
  script.call("a", "mkdir", "", "/deep/er/still");
  script.call("a", "mkdir", "", "/deep/er/still");
  script.call("a", "ls", "", "/deep");
  script.call("a", "read", "", "/deep/er");
  script.call("a", "rm", "", "/deep/none");
  script.call("a", "rm", "", "/none/none");
  script.call("a", "rm", "", "/deep");
  script.call("a", "read", "", "/deep");
  for (let i = 0; i < 400; i++) script.call("a", "mkdir", "", `/many/child-with-a-long-name-${i}`);
  script.call("b", "ls", "", "/many");
  script.call("a", "rm", "", "/many");
}

function permissions(script: Script): void {
  const lists: readonly unknown[] = [
    [],
    null,
    "n0",
    tuple(dict({ dom: 0 })),
    dict({ dom: 0 }),
    [1],
    ["r0"],
    [null],
    [[]],
    [dict({})],
    [dict({ read: 1 })],
    [dict({ dom: 0 })],
    [dict({ dom: 3 })],
    [dict({ dom: 3, read: 1 })],
    [dict({ dom: 3, write: 1 })],
    [dict({ dom: 3, read: 1, write: 1 }), dict({ dom: 4, write: true })],
    [dict({ dom: 0, read: 1 }), dict({ dom: 3, read: true, write: 5 })],
    [dict({ dom: 3, read: false, write: 0 }), dict({ dom: 0, read: 2 })],
    [dict({ dom: -1 })],
    [dict({ dom: 0 }), dict({ dom: -2, read: 1 })],
    [dict({ dom: 70000 })],
    [dict({ dom: true })],
    [dict({ dom: "1" })],
    [dict({ dom: null })],
    [dict({ dom: float(1.5) })],
    [dict({ dom: 2 ** 31 })],
    [dict({ dom: -(2 ** 31) - 1 })],
    [dict({ dom: int(2n ** 70n) })],
    [dict({ dom: 0, read: "x" })],
    [dict({ dom: 0, read: null })],
    [dict({ dom: 0, write: float(0.5) })],
    [dict({ dom: 0, x: 1 })],
    [dict({ dom: 0, x: 1, y: 2 })],
    [dict({ dom: 0, x: 1, read: 2, write: 1 })],
    [dict({ x: 1 })],
    [dict({ write: 1, read: 1, dom: 2 })],
    [dict({ dom: 0 }), 7],
  ];
  script.call("a", "mkdir", "", "/perms");
  for (const list of lists) {
    script.call("a", "set_permissions", "", "/perms", list);
    script.call("b", "get_permissions", "", "/perms");
  }
  script.call("a", "set_permissions", "", "/none", [dict({ dom: 0 })]);
  script.call("a", "set_permissions", "77", "/perms", [dict({ dom: 0 })]);
  script.call("a", "set_permissions", "", "/perms");
}

function transactions(script: Script): void {
  script.call("a", "write", "", "/tx/a", "1");
  script.keep("t", "a", "transaction_start");
  script.call("a", "write", ref("t"), "/tx/a", "2");
  script.call("b", "read", "", "/tx/a");
  script.call("a", "read", ref("t"), "/tx/a");
  script.call("a", "transaction_end", ref("t"));
  script.call("a", "transaction_end", ref("t"));
  script.call("a", "read", ref("t"), "/tx/a");
  script.call("a", "rm", ref("t"), "/tx/a");
  script.call("a", "write", ref("t"), "/tx/a", "3");
  script.call("a", "ls", ref("t"), "/tx");
  script.call("a", "get_permissions", ref("t"), "/tx");
  script.keep("t", "a", "transaction_start");
  script.call("a", "read", ref("t"), "/tx/a");
  script.call("b", "write", "", "/tx/a", "conflict");
  script.call("a", "write", ref("t"), "/tx/a", "mine");
  script.call("a", "transaction_end", ref("t"));
  for (const abort of [...VALUES, 1, 0, -1, 2 ** 31, -(2 ** 31) - 1, int(2n ** 64n)]) {
    script.keep("t", "a", "transaction_start");
    script.call("a", "write", ref("t"), "/tx/b", "b");
    script.call("a", "transaction_end", ref("t"), abort);
    script.call("a", "transaction_end", ref("t"), 1);
  }
  script.keep("t", "a", "transaction_start");
  script.named("a", "transaction_end", [ref("t")], { abort: 1 });
  script.keep("t", "a", "transaction_start");
  script.named("a", "transaction_end", [], { transaction: ref("t"), abort: 0 });
  script.named("a", "transaction_end", ["1"], { transaction: "1" });
  script.named("a", "transaction_end", ["1"], { other: 1 });
  script.named("a", "transaction_end", [], { abort: 1 });
  script.named("a", "transaction_end", ["1", 0], { abort: 1 });
  script.call("a", "transaction_end");
  script.call("a", "transaction_end", "1", 2, 3);
  for (const value of VALUES.filter((value) => value !== null)) script.call("a", "transaction_end", value);
  for (const transaction of TRANSACTIONS) script.call("a", "transaction_end", transaction);
  for (let i = 0; i < 12; i++) script.keep(`t${i}`, "a", "transaction_start");
  for (let i = 0; i < 12; i++) script.call("a", "transaction_end", ref(`t${i}`), i % 2);
}

function watches(script: Script): void {
  const tokens: readonly unknown[] = [token("x"), token("y"), "text", 5, null, true, token("x")];
  script.call("a", "check_watch");
  script.call("a", "fileno");
  for (const [i, each] of tokens.entries()) {
    script.call("a", "watch", `/w/${i % 3}`, each);
    script.call("a", "drain");
  }
  script.call("a", "watch", "/w/0", token("x"));
  for (let i = 0; i < 3; i++) script.call("b", "write", "", `/w/${i}/below`, "1");
  script.call("a", "drain");
  script.call("a", "select", 0);
  script.call("b", "write", "", "/w/1", "1");
  script.call("a", "select", 300);
  script.call("a", "read_watch");
  script.call("a", "drain");
  // A queued event outlives its watch, unless no other watch has its token.
  script.call("b", "write", "", "/w/0", "2");
  script.call("a", "get_domain_path", 0);
  for (const [i, each] of tokens.entries()) script.call("a", "unwatch", `/w/${i % 3}`, each);
  script.call("a", "drain");
  script.call("a", "unwatch", "/w/0", token("x"));
  script.call("a", "unwatch", "/w/0", token("never"));
  script.call("a", "watch", "/one", token("x"));
  script.call("a", "watch", "/two", token("x"));
  script.call("a", "drain");
  script.call("b", "write", "", "/one", "1");
  script.call("b", "write", "", "/two", "1");
  script.call("a", "get_domain_path", 0);
  script.call("a", "unwatch", "/one", token("x"));
  script.call("a", "read_watch");
  script.call("a", "drain");
  // After another watch(), the same object stands for the events that were queued before.
  script.call("b", "write", "", "/two", "2");
  script.call("a", "get_domain_path", 0);
  script.call("a", "unwatch", "/two", token("x"));
  script.call("a", "watch", "/three", token("x"));
  script.call("a", "drain");
  script.call("b", "write", "", "/three", "2");
  script.call("a", "get_domain_path", 0);
  script.call("a", "unwatch", "/three", token("x"));
  script.call("a", "watch", "/four", token("z"));
  script.call("a", "read_watch");
  script.call("a", "drain");
  script.call("a", "unwatch", "/four", token("z"));
  for (const path of [...PATHS, ...VALUES]) {
    script.call("a", "watch", path, token("p"));
    script.call("a", "drain");
    script.call("a", "unwatch", path, token("p"));
    script.call("a", "drain");
  }
  for (const method of ["watch", "unwatch"]) {
    script.call("a", method);
    script.call("a", method, "/x");
    script.call("a", method, "/x", 1, 2);
  }
  // Ours ignores the arguments of close(), which a listener gets.
  for (const method of ["read_watch", "check_watch", "fileno", "transaction_start"]) {
    script.call("a", method, 1);
  }
  // The events of a transaction arrive at its commit.
  script.call("a", "watch", "/tree", token("t"));
  script.keep("t", "b", "transaction_start");
  script.call("b", "write", ref("t"), "/tree/a/b", "1");
  script.call("b", "mkdir", ref("t"), "/tree/c");
  script.call("a", "drain");
  script.call("b", "transaction_end", ref("t"));
  script.call("a", "drain");
  script.call("b", "rm", "", "/tree");
  script.call("a", "drain");
  script.call("a", "watch", "@introduceDomain", token("i"));
  script.call("a", "watch", "@releaseDomain", token("r"));
  script.call("a", "drain");
}

function domains(script: Script): void {
  const numbers: readonly unknown[] = [
    ...VALUES,
    0,
    -1,
    3,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31) - 1,
    int(2n ** 63n),
    float(1e300),
  ];
  for (const number of numbers) {
    script.call("a", "get_domain_path", number);
    script.call("a", "resume_domain", number);
    script.call("a", "release_domain", number);
    script.call("a", "set_target", number, 1);
    script.call("a", "set_target", 1, number);
  }
  script.call("a", "introduce_domain", 3, 1, 1);
  script.call("a", "drain");
  script.call("a", "introduce_domain", 4, -1, 1);
  script.call("a", "introduce_domain", 3, 1, 1);
  for (
    const value of [...VALUES, int(2n ** 63n), int(-(2n ** 63n) - 1n)].filter((value) => value !== 7 && value !== true)
  ) {
    script.call("a", "introduce_domain", value, 1, 1);
    script.call("a", "introduce_domain", 5, value, 1);
    script.call("a", "introduce_domain", 5, 1, value);
  }
  script.call("a", "set_target", 3, 4);
  script.call("a", "resume_domain", 3);
  script.call("a", "release_domain", 3);
  script.call("a", "release_domain", 3);
  script.call("a", "drain");
  for (const method of ["introduce_domain", "set_target", "resume_domain", "release_domain", "get_domain_path"]) {
    script.call("a", method);
    script.call("a", method, 1, 2, 3, 4);
  }
}

function closing(script: Script): void {
  script.call("c", "xs", "x");
  script.call("c", "xs", null);
  script.call("c", "xs", 1, 2);
  script.call("c", "xs", int(2n ** 40n));
  script.named("c", "xs", [], { other: 1 });
  script.named("c", "xs", [], { readonly: 1 });
  script.call("c", "watch", "/c", token("c"));
  script.call("c", "close");
  const calls: readonly (readonly [string, ...unknown[]])[] = [
    ["close"],
    ["read", "", "/"],
    ["read", 1],
    ["write"],
    ["ls", 1, 2],
    ["mkdir"],
    ["rm"],
    ["get_permissions"],
    ["set_permissions", 1],
    ["watch"],
    ["unwatch"],
    ["read_watch"],
    ["read_watch", 1],
    ["check_watch"],
    ["fileno"],
    ["transaction_start"],
    ["transaction_start", 1],
    ["transaction_end"],
    ["introduce_domain"],
    ["set_target"],
    ["resume_domain"],
    ["release_domain"],
    ["get_domain_path"],
    ["close"],
  ];
  for (const [method, ...args] of calls) script.call("c", method, ...args);
}

/** The end of the daemon, for a handle with a watch and for a handle without one. */
export function endingScript(): Step[] {
  const script = new Script();
  script.call("a", "xs");
  script.call("b", "xs");
  script.call("a", "write", "", "/x", "1");
  script.call("b", "read", "", "/x");
  for (const handle of ["d", "e"]) {
    script.call(handle, "xs");
    script.call(handle, "watch", "/x", token("t"));
    script.call(handle, "read_watch");
  }
  for (const name of ["1", "2", "3"]) script.call("b", "write", "", `/x/${name}`, "");
  // When the second reply arrives, the daemon has sent all events, and no call has received them.
  for (let i = 0; i < 2; i++) script.call("b", "read", "", "/x");
  script.call("a", "kill");
  for (const method of ["read", "ls", "read", "rm"]) script.call("a", method, "", "/x");
  script.call("a", "transaction_start");
  script.call("b", "mkdir", "", "/x");
  script.call("b", "mkdir", "", "/x");
  script.call("b", "write", "", "/x", "y".repeat(5000));
  script.call("b", "close");
  script.call("b", "close");
  script.call("c", "xs");
  // A request finds the end before the events do, and vice versa.
  script.call("d", "read", "", "/x");
  for (const handle of ["d", "e"]) {
    script.call(handle, "read_watch");
    script.call(handle, "check_watch");
    script.call(handle, "fileno");
    for (const method of ["read_watch", "check_watch", "read_watch"]) script.call(handle, method);
    script.call(handle, "read", "", "/x");
    script.call(handle, "watch", "/x", token("t"));
    script.call(handle, "fileno");
    script.call(handle, "close");
  }
  return script.steps;
}

/** Every method, with every edge case and failure. */
export function fixedScript(): Step[] {
  const script = new Script();
  script.call("a", "xs");
  script.call("b", "xs", 1);
  for (const part of [values, nodes, permissions, transactions, watches, domains, closing]) part(script);
  return script.steps;
}

/** Random calls that succeed or fail, on few nodes, tokens, transactions and domains. */
export function generatedScript(seed: number, count: number): Step[] {
  const random = randomFractions(seed);
  const script = new Script();
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const handles = ["a", "b"];
  const path = (): string => pick(["/g", "/g/a", "/g/a/b", "/g/c", "/g/c/d/e", "/", "bad//path", "rel"]);
  const ofTransaction = (handle: string): unknown => pick(["", "", "0", ref(`${handle}0`), ref(`${handle}1`)]);
  const value = (): unknown =>
    random() < 0.5
      ? pick(["", "v", "long ".repeat(40), "\u00fc"])
      : bytes(...Array.from({ length: Math.floor(random() * 20) }, () => Math.floor(random() * 256)));
  const permission = (): unknown => dict({ dom: pick([0, 1, 2]), read: pick([0, 1]), write: pick([0, 1]) });
  const anyToken = (): unknown => pick([token("x"), token("y"), "text", 1, null]);
  const moves: readonly ((handle: string) => void)[] = [
    (h) => script.call(h, "read", ofTransaction(h), path()),
    (h) => script.call(h, "write", ofTransaction(h), path(), value()),
    (h) => script.call(h, "write", ofTransaction(h), path(), value()),
    (h) => script.call(h, "ls", ofTransaction(h), path()),
    (h) => script.call(h, "mkdir", ofTransaction(h), path()),
    (h) => script.call(h, "rm", ofTransaction(h), pick(["/g/a", "/g/a/b", "/g/c", "/g", "/"])),
    (h) => script.call(h, "get_permissions", ofTransaction(h), path()),
    (h) =>
      script.call(h, "set_permissions", ofTransaction(h), path(), [permission(), permission()].slice(0, pick([1, 2]))),
    (h) => script.call(h, "watch", path(), anyToken()),
    (h) => script.call(h, "unwatch", path(), anyToken()),
    (h) => script.call(h, "drain"),
    (h) => script.keep(`${h}${pick([0, 1])}`, h, "transaction_start"),
    (h) => script.call(h, "transaction_end", ofTransaction(h), pick([0, 0, 1])),
    (h) => script.call(h, "introduce_domain", pick([1, 2]), 1, 1),
    (h) => script.call(h, pick(["release_domain", "resume_domain", "get_domain_path"]), pick([1, 2])),
  ];
  for (const handle of handles) script.call(handle, "xs");
  for (let i = 0; i < count; i++) pick(moves)(pick(handles));
  for (const handle of handles) script.call(handle, "drain");
  return script.steps;
}
