// The house's own rules: which room may know of which, how files begin, how long they are.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

interface Source {
  /** Its path below the root. */
  readonly file: string;
  /** `"wire"`, `"client"`, ..., `"compat"`, or `"mod.ts"`. */
  readonly room: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
}

interface Import {
  /** As it is written. */
  readonly from: string;
  /** The path below the root of one of our own files; `null` of anything else. */
  readonly file: string | null;
  readonly room: string | null;
  readonly dynamic: boolean;
}

/** For each room that there is, those it may know of. A new room gets its row with its first file. */
const arrows: Record<string, readonly string[]> = {
  wire: [],
  transport: ["wire"],
  client: ["wire", "transport"],
  blocking: ["wire", "transport"],
  daemon: ["wire", "transport"],
  compat: ["wire", "transport", "blocking"],
  "mod.ts": ["wire", "transport", "client"],
};
/** Rooms that have no dependency but the runtimes' own modules. */
const core = ["wire", "transport", "client", "blocking", "daemon"];
/** For each room within the daemon, those that its files may import. The daemon's own files import all of them. */
const daemonArrows: Record<string, readonly string[]> = {
  tree: [],
  state: ["tree"],
  operations: ["state", "tree"],
  sockets: [],
  lines: ["sockets", "state", "tree"],
  persistence: ["sockets", "state", "tree"],
  migration: ["state", "tree"],
};
/** Files of the daemon that every room of it may import: they import no room. */
const daemonShared = ["src/daemon/checks.ts", "src/daemon/clock.ts"];
const LINE_WIDTH = 120;
/** Files that may be longer, each for a reason. */
const longer: ReadonlyMap<string, number> = new Map([
  // Two classes that name each other in public share a file, since no files import each other in a circle.
  ["compat/pyxs/client.ts", 430],
  // One interface of the public API, of which most is its documentation.
  ["compat/xs.ts", 400],
  // One class of the public API, of which two thirds are its documentation.
  ["src/daemon/daemon.ts", 400],
]);
/** What users import: these begin with the text of their documentation. */
const modules = ["mod.ts", "compat/pyxs.ts", "compat/xs.ts"];
const ADAPTERS =
  /^src\/transport\/(?:node|deno|bun|xenbus|memory)\.ts$|^src\/blocking\/(?!exchange)|\/(?:listen|line)_(?:node|deno|bun)\.ts$/;

/** The text without its comments, whose examples import things as well. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, "")).replace(/^\s*\/\/.*$/gm, "");
}

function roomOf(file: string): string {
  const [first = "", second = ""] = file.split("/");
  return first === "src" ? second : first;
}

/** The room within the daemon that a file lies in: "" for the daemon's own files, `null` for files outside the daemon. */
function daemonRoomOf(file: string): string | null {
  return /^src\/daemon\/(?:([^/]+)\/)?[^/]+$/.exec(file)?.[1] ?? (file.startsWith("src/daemon/") ? "" : null);
}

function read(file: string): Source {
  const text = readFileSync(join(root, file), "utf8");
  const pattern = /(?:\bfrom\s*|^import\s*|(\bimport\())"([^"]+)"/gm;
  const imports = [...code(text).matchAll(pattern)].map(([, dynamic, from = ""]) => {
    const target = from.startsWith(".") ? relative(root, resolve(root, dirname(file), from)) : null;
    return { from, file: target, room: target === null ? null : roomOf(target), dynamic: dynamic !== undefined };
  });
  return { file, room: roomOf(file), lines: text.replace(/\n$/, "").split("\n"), imports };
}

function sources(): Source[] {
  const files = ["src", "compat"].filter((directory) => existsSync(join(root, directory))).flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${directory}/${name}`)
  );
  return [...files, "mod.ts"].sort().map(read);
}

const all = sources();
const byFile = new Map(all.map((source) => [source.file, source]));

/** The circles of files that import each other, an import of types alone included. */
function circles(): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) return void found.push([...path.slice(start), file]);
    if (done.has(file)) return;
    for (const { file: next } of byFile.get(file)?.imports ?? []) if (next !== null) walk(next, [...path, file]);
    done.add(file);
  };
  for (const { file } of all) walk(file, []);
  return found;
}

describe("the house", () => {
  test("has the files that these tests are about", () => {
    assertEquals([...new Set(all.map(({ room }) => room))].sort(), Object.keys(arrows).sort());
    assert(all.flatMap(({ imports }) => imports).length > 50);
  });

  for (const { file, room, imports } of all) {
    test(`${file} knows only of what its room may know of`, () => {
      const allowed = arrows[room];
      assert(allowed !== undefined, `${room} is no room of the house`);
      for (const { from, room: target, dynamic } of imports) {
        if (target === null || target === room || allowed.includes(target)) continue;
        const embedded = file === "src/transport/open.ts" && target === "daemon" && dynamic;
        assert(embedded, `${file} imports ${from}`);
      }
    });
  }

  test("has no circle of files that import each other, imports of types included", () => {
    assertEquals(circles().map((files) => files.join(" -> ")), []);
  });

  test("has no room within the daemon but those that the arrows name", () => {
    const rooms = all.map(({ file }) => daemonRoomOf(file)).filter((room) => room !== null && room !== "");
    assertEquals([...new Set(rooms)].sort(), Object.keys(daemonArrows).sort());
  });

  test("imports one way within the daemon", () => {
    for (const { file, imports } of all) {
      const room = daemonRoomOf(file);
      if (room === null || room === "") continue;
      const allowed = [room, ...daemonArrows[room] ?? []];
      for (const { from, file: target } of imports) {
        const targetRoom = target === null ? null : daemonRoomOf(target);
        if (targetRoom === null || target === null || daemonShared.includes(target)) continue;
        assert(allowed.includes(targetRoom), `${file} imports ${from}`);
      }
    }
  });

  test("imports only its own files, of the runtimes' modules besides, and each by its whole name", () => {
    for (const { file, room, imports } of all) {
      for (const { from } of imports) {
        if (from.startsWith(".")) assert(from.endsWith(".ts"), `${file} imports ${from}`);
        else if (core.includes(room)) assert(from.startsWith("node:"), `${file} imports ${from}`);
      }
    }
  });

  test("does no I/O in wire, and none of its own in client", () => {
    for (const { file, room, imports } of all.filter(({ room }) => room === "wire" || room === "client")) {
      assertEquals(imports.filter(({ from }) => from.startsWith("node:")), [], `${file} of ${room}`);
    }
  });

  test("loads a runtime's adapter on demand alone", () => {
    for (const { file, imports } of all) {
      for (const { from, dynamic } of imports) {
        const adapter = /(?:^|\/)(?:listen_)?(?:node|deno|bun|xenbus)\.ts$/.test(from);
        assert(!adapter || dynamic, `${file} imports ${from} whether it is needed or not`);
      }
    }
  });

  test("keeps no state in a module", () => {
    for (const { file, lines } of all) {
      const state = code(lines.join("\n")).split("\n").filter((line) => /^(?:export )?(?:let|var) /.test(line));
      assertEquals(state, [], file);
    }
  });

  test("changes no map, set or list of a module", () => {
    for (const { file, lines } of all) {
      const text = code(lines.join("\n"));
      const names = [...text.matchAll(/^(?:export )?const (\w+)(?:: [^=]+)? = (?:new (?:Weak)?(?:Map|Set)|\[)/gm)];
      for (const [, name] of names) {
        const change = new RegExp(`\\b${name}\\.(?:set|add|delete|clear|push|pop|shift|unshift|splice|sort)\\(`);
        assert(!change.test(text), `${file} changes ${name}`);
      }
    }
  });

  test("empties no array from its front: a queue that gives its oldest item is a Fifo", () => {
    for (const { file, lines } of all) {
      const text = code(lines.join("\n"));
      for (const [taking, name = ""] of text.matchAll(/([#\w]+)\.shift\(\)/g)) {
        assert(
          new RegExp(`${name}(?:: [^=;\\n]+)? = new Fifo\\b`).test(text),
          `${file}: ${taking} moves all other items`,
        );
      }
      const [moving] = /\.splice\(0, .*|([#\w.]+) = \1\.slice\([^0].*/.exec(text) ?? [];
      assertEquals(moving, undefined, `${file} moves all other items`);
    }
  });

  test("says in the first line of a file what it holds", () => {
    for (const { file, lines: [first = ""] } of all) {
      assert(/^\/\/ \S.{15,}/.test(first) || (modules.includes(file) && first.startsWith("/**")), `${file}: ${first}`);
    }
  });

  test("keeps files short: 350 lines, and an adapter 150", () => {
    for (const { file, lines } of all) {
      const limit = longer.get(file) ?? (ADAPTERS.test(file) ? 150 : 350);
      assert(lines.length <= limit, `${file} has ${lines.length} lines: ${limit} are allowed`);
    }
  });

  test("keeps comments within the width of a line", () => {
    for (const { file, lines } of all) {
      for (const [i, line] of lines.entries()) {
        const isComment = /^\s*(?:\/\/|\/?\*)/.test(line);
        assert(!isComment || line.length <= LINE_WIDTH, `${file}:${i + 1} is ${line.length} characters wide`);
      }
    }
  });

  test("touches what a process has once in one place alone", () => {
    const touching = all.filter(({ lines }) => /\bSymbol\.for\(/.test(code(lines.join("\n"))));
    assertEquals(touching.map(({ file }) => file), ["src/transport/process_wide.ts"]);
  });

  test("checks where it could have looked away: no any, and no non-null assertion", () => {
    for (const { file, lines } of all) {
      for (const [i, line] of code(lines.join("\n")).split("\n").entries()) {
        assert(!/(?::|\bas|<)\s*any\b/.test(line), `${file}:${i + 1} says any`);
        assert(!/[\w)\]]!(?:[.;,)\[]|$)/.test(line), `${file}:${i + 1} asserts that there is something`);
      }
    }
  });
});
