// The same calls on pyxs's own xs class and on ours: the same results and the same failures.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertThrows } from "@std/assert";
import { Client, Error as XsError, InvalidPermission, PyXSError, xs, type XsHandle } from "../../compat/pyxs.ts";
import { timeout } from "../support/limits.ts";
import { inDirectory } from "../support/socket.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

const player = join(dirname(dirname(fileURLToPath(import.meta.url))), "compat", "pyxs", "xs_player.py");

/** An argument: bytes, the result of an earlier call by its index, a token that is an object, or JSON as it is. */
type Argument =
  | { readonly bytes: string }
  | { readonly result: number }
  | { readonly token: string }
  | readonly Argument[]
  | string
  | number
  | boolean
  | null;
type Call = readonly [handle: string, method: string, args: readonly Argument[]];

const b = (bytes: string): Argument => ({ bytes });
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** What pyxs gives, line by line. */
function theirs(calls: readonly Call[], socket: string, directory: string): Promise<unknown[]> {
  const script = join(directory, "calls.json");
  writeFileSync(script, JSON.stringify(calls));
  const options = { env: { ...process.env, XENSTORED_PATH: socket, PYTHONDONTWRITEBYTECODE: "1" }, timeout };
  return new Promise((resolve, reject) => {
    execFile("/usr/bin/python3", [player, script], options, (error, stdout, stderr) => {
      if (error !== null) return reject(new Error(`${error.message}\n${stdout}${stderr}`));
      resolve(stdout.trimEnd().split("\n").map((line) => JSON.parse(line)));
    });
  });
}

/** What ours gives. */
function ours(calls: readonly Call[], socket: string): unknown[] {
  const handles = new Map<string, XsHandle>();
  const tokens = new Map<string, { name: string }>();
  const results: unknown[] = [];
  const decoded = (value: Argument): unknown => {
    if (value === null || typeof value !== "object") return value;
    if ("bytes" in value) return latin1(value.bytes);
    if ("result" in value) return results[value.result];
    if ("token" in value) {
      const token = tokens.get(value.token) ?? { name: value.token };
      tokens.set(value.token, token);
      return token;
    }
    return value.map(decoded);
  };
  const encoded = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return String.fromCharCode(...value);
    if (Array.isArray(value)) return value.map(encoded);
    return typeof value === "object" && value !== null && "name" in value ? value.name : value;
  };
  return calls.map(([name, method, args]) => {
    const handle = handles.get(name) ?? xs({ unix_socket_path: socket });
    handles.set(name, handle);
    try {
      const call = Reflect.get(handle, method) as (...args: readonly unknown[]) => unknown;
      const result = call.apply(handle, args.map(decoded));
      results.push(result);
      return encoded(result);
    } catch (error) {
      results.push(null);
      if (error instanceof PyXSError) return { error: error.name, args: encoded(error.args) };
      return { exception: (error as Error).name, message: (error as Error).message };
    }
  });
}

async function both(calls: readonly Call[]): Promise<{ theirs: unknown[]; ours: unknown[] }> {
  await using real = await startXenstored();
  await using store = await startXenstored();
  const given = await inDirectory((directory) => theirs(calls, real.socket, directory));
  return { theirs: given, ours: ours(calls, store.socket) };
}

const calls: readonly Call[] = [
  ...[null, 0, "", "0", b("0"), b(""), false].map((none): Call => ["h", "write", [none, b("/a"), b("value")]]),
  ["h", "read", [null, b("/a")]],
  ["h", "read", [0, b("/a")]],
  ["h", "read", [0, b("/none")]],
  ["h", "ls", [0, b("/none")]],
  ["h", "ls", [null, b("/")]],
  ["h", "mkdir", [0, b("/dir/below")]],
  ["h", "ls", [0, b("/dir")]],
  ["h", "rm", [0, b("/dir")]],
  ["h", "rm", [0, b("/dir")]],
  ["h", "rm", [0, b("/none/below")]],
  ["h", "set_permissions", [null, b("/a"), [b("n0")]]],
  ["h", "set_permissions", [0, b("/a"), [b("b0"), b("r5"), b("n0")]]],
  ["h", "set_permissions", [0, b("/a"), []]],
  ["h", "set_permissions", [0, b("/a"), [b("x0")]]],
  ["h", "set_permissions", [0, b("/none"), [b("n0")]]],
  ["h", "read", [0, b("/a b")]],
  ["h", "write", [0, b("/a/"), b("")]],
  ["h", "write", [0, b(`/${"x".repeat(3072)}`), b("")]],
  ["h", "write", [0, b("/a"), b("x".repeat(5000))]],
  ["h", "get_domain_path", [7]],
  ["h", "introduce_domain", [0, 1, 1]],
  ["h", "introduce_domain", [7, 1, 1]],
  ["h", "introduce_domain", [8, 1, 1]],
  ["h", "transaction_end", [0]],
  ["h", "transaction_end", [null, 1]],
  ["h", "read", ["nothing", b("/a")]],
  ["h", "read", [b("1f"), b("/a")]],
  ["h", "read", [" +7_0 ", b("/a")]],
  ["h", "read", [[1], b("/a")]],
  ["h", "read", [12345, b("/a")]],
];

/** The first call of the transaction is the one with this index. */
const started = (index: number): Argument => ({ result: index });
const transactions: readonly Call[] = [
  ["h", "write", [0, b("/t"), b("0")]],
  ["h", "transaction_start", []],
  ["h", "read", [started(1), b("/t")]],
  ["h", "transaction_start", []],
  ["h", "write", [started(1), b("/t"), b("1")]],
  ["h", "read", [0, b("/t")]],
  ["h", "read", [started(1), b("/t")]],
  ["h", "transaction_end", [started(1)]],
  ["h", "read", [0, b("/t")]],
  ["h", "read", [started(1), b("/t")]],
  ["h", "transaction_end", [started(1)]],
  ["h", "transaction_start", []],
  ["h", "write", [started(11), b("/t"), b("2")]],
  ["h", "transaction_end", [started(11), 1]],
  ["h", "read", [null, b("/t")]],
  // A call outside of the transaction lets the handle start another one.
  ["h", "transaction_start", []],
  ["h", "read", [0, b("/t")]],
  ["h", "transaction_start", []],
  ["h", "transaction_end", [started(15), 0]],
  ["h", "transaction_end", [started(17), true]],
];

const watches: readonly Call[] = [
  ["h", "watch", [b("/w"), { token: "one" }]],
  ["h", "read_watch", []],
  ["h", "watch", [b("/w"), { token: "two" }]],
  ["h", "read_watch", []],
  ["h", "watch", [b("/w"), { token: "two" }]],
  ["h", "watch", [b("@introduceDomain"), { token: "domains" }]],
  ["h", "read_watch", []],
  ["h", "watch", [b("@none"), { token: "one" }]],
  ["h", "unwatch", [b("/w"), { token: "two" }]],
  ["h", "unwatch", [b("/w"), { token: "two" }]],
  ["other", "write", [0, b("/w/below"), b("1")]],
  ["h", "read_watch", []],
  ["h", "watch", [b("/v"), { token: "three" }]],
  ["h", "read_watch", []],
  ["h", "unwatch", [b("/w"), { token: "one" }]],
];

withPeers("pyxs's xs", () => {
  describe("pyxs's xs", () => {
    test("takes the arguments of pyxs's own class, and fails as that does", { timeout }, async () => {
      const given = await both(calls);
      assertEquals(given.ours, given.theirs);
    });

    test("has transactions as pyxs's own class", { timeout }, async () => {
      const given = await both(transactions);
      assertEquals(given.ours, given.theirs);
    });

    test("has watches as pyxs's own class", { timeout }, async () => {
      const given = await both(watches);
      assertEquals(given.ours, given.theirs);
    });

    test("reports a conflict and gives permissions, which pyxs's own class loses", { timeout }, async () => {
      const defects: readonly Call[] = [
        ["h", "write", [0, b("/t"), b("0")]],
        ["h", "get_permissions", [0, b("/t")]],
        ["h", "transaction_start", []],
        ["h", "read", [started(2), b("/t")]],
        ["other", "write", [0, b("/t"), b("1")]],
        ["h", "write", [started(2), b("/t"), b("2")]],
        ["h", "transaction_end", [started(2)]],
        ["h", "read", [0, b("/t")]],
      ];
      const given = await both(defects);
      const [id] = given.ours.slice(2);
      assertEquals(given.theirs, [null, null, id, "0", null, null, true, "1"]);
      assertEquals(given.ours, [null, ["n0"], id, "0", null, null, false, "1"]);
    });

    test("ends two watches of one token, which pyxs's own class does not", { timeout }, async () => {
      const given = await both([
        ["h", "watch", [b("/a"), { token: "one" }]],
        ["h", "watch", [b("/b"), { token: "one" }]],
        ["h", "unwatch", [b("/a"), { token: "one" }]],
        ["h", "unwatch", [b("/b"), { token: "one" }]],
      ]);
      assertEquals(given.ours, [null, null, null, null]);
      assertEquals(given.theirs.slice(0, 3), [null, null, null]);
      assertEquals((given.theirs[3] as { exception: string }).exception, "KeyError");
    });

    test("takes text for bytes, keywords, and no new; it is open until it is closed", { timeout }, async () => {
      await using store = await startXenstored();
      const options = { unix_socket_path: store.socket };
      using h = xs(options);
      assertEquals([h instanceof xs, new xs(options) instanceof xs, h.client instanceof Client], [true, true, true]);
      h.write(0, "/a", "1");
      h.set_permissions(0, "/a", ["n0", "r5"]);
      assertEquals(h.get_permissions(null, "/a"), ["n0", "r5"]);
      const t = h.transaction_start();
      h.write(t, "/a", "2");
      assertEquals(h.transaction_end(t, { abort: 1 }), true);
      assertEquals(h.read(0, "/a"), "1");
      const token = { any: "value" };
      h.watch("/a", token);
      const event = h.read_watch<typeof token>();
      assertEquals([event.path, event.token === token, event[1].any], ["/a", true, "value"]);
      assertThrows(() => h.set_permissions(0, "/a", [{ dom: 0 }] as never), TypeError);
      assertThrows(() => h.set_permissions(0, "/a", ["x"]), InvalidPermission);
      h.close();
      h.close();
      assertThrows(() => h.read(0, "/a"), XsError);
    });
  });
});
