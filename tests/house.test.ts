// The rules of the source: which room may import which, how files begin, and how long they are.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

interface Source {
  /** The path below the root. */
  readonly file: string;
  /** `"wire"`, `"client"`, ..., `"compat"`, or `"mod.ts"`. */
  readonly room: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
}

interface Import {
  /** The specifier as it is written. */
  readonly from: string;
  /** The path of one of our own files, below the root. `null` for anything else. */
  readonly file: string | null;
  readonly room: string | null;
  readonly dynamic: boolean;
}

/** The rooms that each room may import. A new room gets its row with its first file. */
const arrows: Record<string, readonly string[]> = {
  wire: [],
  transport: ["wire"],
  events: [],
  client: ["wire", "transport", "events"],
  blocking: ["wire", "transport"],
  domains: ["wire", "transport", "client"],
  files: ["wire"],
  checkpoints: ["wire", "transport", "events", "client", "files"],
  pools: ["wire", "events", "client", "checkpoints"],
  daemon: ["wire", "transport", "events", "files"],
  cli: ["wire", "transport", "client", "events", "checkpoints", "domains", "pools"],
  compat: ["wire", "transport", "blocking"],
  "mod.ts": ["wire", "transport", "client", "events"],
};
/** Rooms without dependencies except the modules of the runtimes. */
const core = ["wire", "transport", "client", "blocking", "files", "checkpoints", "daemon", "domains", "cli"];
/** The packages that are part of the command's file, each with the only file that imports it. */
const bundled: Readonly<Record<string, string>> = { "src/cli/completion/scripts.ts": "@bomb.sh/tab" };
/** The rooms that each room of the daemon may import. The daemon's own files may import all of them. */
const daemonArrows: Record<string, readonly string[]> = {
  tree: [],
  state: ["tree"],
  operations: ["state", "tree"],
  sockets: [],
  lines: ["sockets", "state", "tree"],
  persistence: ["sockets", "state", "tree"],
  migration: ["state", "tree"],
};
/** Files outside the daemon that load it on demand. */
const daemonLoaders = ["src/transport/open.ts", "src/cli/serve.ts", "src/cli/trace/listening.ts"];
/** Files of the daemon that each of its rooms may import. They import no room. */
const daemonShared = ["src/daemon/checks.ts", "src/daemon/clock.ts"];
const LINE_WIDTH = 120;
/** Files that may be longer, with a reason. */
const longer: ReadonlyMap<string, number> = new Map([
  // The public types of two classes name each other, so the classes share a file to avoid a circle of imports.
  ["compat/pyxs/client.ts", 450],
  // One interface of the public API. Most of it is documentation.
  ["compat/xs.ts", 400],
  // Each is one class of the public API. Two thirds of it are documentation.
  ["src/daemon/daemon.ts", 420],
  ["src/client/client.ts", 400],
  ["src/client/nodes.ts", 400],
]);
/** The modules that users import. They begin with their documentation. */
const modules = ["mod.ts", "compat/pyxs.ts", "compat/xs.ts"];
const ADAPTERS =
  /^src\/transport\/(?:node|deno|bun|xenbus|memory)\.ts$|^src\/blocking\/(?!exchange)|^src\/cli\/host_|\/(?:listen|line)_(?:node|deno|bun)\.ts$/;

/** The text without comments, because examples in comments import modules, too. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, "")).replace(/^\s*\/\/.*$/gm, "");
}

function roomOf(file: string): string {
  const [first = "", second = ""] = file.split("/");
  return first === "src" ? second : first;
}

/** The daemon's room of a file: "" for the daemon's own files, `null` for files outside the daemon. */
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

/** The TypeScript files of a directory below the root, without what was installed or built there. */
function filesOf(directory: string): string[] {
  if (!existsSync(join(root, directory))) return [];
  return readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/(?:^|\/)(?:node_modules|\.cache|\.stores)\//.test(name))
    .map((name) => `${directory}/${name}`);
}

function sources(): Source[] {
  return [...filesOf("src"), ...filesOf("compat"), "mod.ts"].sort().map(read);
}

const all = sources();
const byFile = new Map(all.map((source) => [source.file, source]));

/** The circles of files that import each other, including imports of types. */
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

describe("the rules of the source", () => {
  test("every room has a row in the table of arrows", () => {
    assertEquals([...new Set(all.map(({ room }) => room))].sort(), Object.keys(arrows).sort());
    assert(all.flatMap(({ imports }) => imports).length > 50);
  });

  for (const { file, room, imports } of all) {
    test(`${file} imports only rooms that its room may import`, () => {
      const allowed = arrows[room];
      assert(allowed !== undefined, `${room} is no room of the house`);
      for (const { from, room: target, dynamic } of imports) {
        if (target === null || target === room || allowed.includes(target)) continue;
        const loads = dynamic && target === "daemon" && daemonLoaders.includes(file);
        assert(loads, `${file} imports ${from}`);
      }
    });
  }

  test("no files import each other in a circle, including imports of types", () => {
    assertEquals(circles().map((files) => files.join(" -> ")), []);
  });

  test("every room of the daemon has a row in its table of arrows", () => {
    const rooms = all.map(({ file }) => daemonRoomOf(file)).filter((room) => room !== null && room !== "");
    assertEquals([...new Set(rooms)].sort(), Object.keys(daemonArrows).sort());
  });

  test("the rooms of the daemon import only the rooms of their row", () => {
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

  test("relative imports have the extension .ts, and the core imports only modules of the runtimes and bundled packages", () => {
    for (const { file, room, imports } of all) {
      for (const { from } of imports) {
        if (from.startsWith(".")) assert(from.endsWith(".ts"), `${file} imports ${from}`);
        else if (core.includes(room)) {
          assert(from.startsWith("node:") || from === bundled[file], `${file} imports ${from}`);
        }
      }
    }
  });

  test("the files of wire and client import no module of a runtime", () => {
    for (const { file, room, imports } of all.filter(({ room }) => room === "wire" || room === "client")) {
      assertEquals(imports.filter(({ from }) => from.startsWith("node:")), [], `${file} of ${room}`);
    }
  });

  test("the adapter of a runtime is imported on demand only", () => {
    for (const { file, imports } of all) {
      for (const { from, dynamic } of imports) {
        const adapter = /(?:^|\/)(?:(?:listen|host)_)?(?:node|deno|bun|xenbus)\.ts$/.test(from);
        assert(!adapter || dynamic, `${file} imports ${from} whether it is needed or not`);
      }
    }
  });

  test("no module has a variable as its state", () => {
    for (const { file, lines } of all) {
      const state = code(lines.join("\n")).split("\n").filter((line) => /^(?:export )?(?:let|var) /.test(line));
      assertEquals(state, [], file);
    }
  });

  test("no module changes its own map, set or list", () => {
    for (const { file, lines } of all) {
      const text = code(lines.join("\n"));
      const names = [...text.matchAll(/^(?:export )?const (\w+)(?:: [^=]+)? = (?:new (?:Weak)?(?:Map|Set)|\[)/gm)];
      for (const [, name] of names) {
        const change = new RegExp(`\\b${name}\\.(?:set|add|delete|clear|push|pop|shift|unshift|splice|sort)\\(`);
        assert(!change.test(text), `${file} changes ${name}`);
      }
    }
  });

  test("no queue is emptied from the front of an array: queues are Fifos", () => {
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

  test("the first line of every file states its subject", () => {
    for (const { file, lines } of all) {
      // The system reads the first line of a program to find its runtime.
      const [first = ""] = lines.filter((line) => !line.startsWith("#!"));
      assert(/^\/\/ \S.{15,}/.test(first) || (modules.includes(file) && first.startsWith("/**")), `${file}: ${first}`);
    }
  });

  test("every file has at most 350 lines, and an adapter at most 150", () => {
    for (const { file, lines } of all) {
      const limit = longer.get(file) ?? (ADAPTERS.test(file) ? 150 : 350);
      assert(lines.length <= limit, `${file} has ${lines.length} lines: ${limit} are allowed`);
    }
  });

  test("every comment keeps to the width of a line", () => {
    for (const { file, lines } of all) {
      for (const [i, line] of lines.entries()) {
        const isComment = /^\s*(?:\/\/|\/?\*)/.test(line);
        assert(!isComment || line.length <= LINE_WIDTH, `${file}:${i + 1} is ${line.length} characters wide`);
      }
    }
  });

  test("only process_wide.ts calls Symbol.for()", () => {
    const touching = all.filter(({ lines }) => /\bSymbol\.for\(/.test(code(lines.join("\n"))));
    assertEquals(touching.map(({ file }) => file), ["src/transport/process_wide.ts"]);
  });

  test("no file uses any or a non-null assertion", () => {
    for (const { file, lines } of all) {
      for (const [i, line] of code(lines.join("\n")).split("\n").entries()) {
        assert(!/(?::|\bas|<)\s*any\b/.test(line), `${file}:${i + 1} says any`);
        assert(!/[\w)\]]!(?:[.;,)\[]|$)/.test(line), `${file}:${i + 1} asserts that there is something`);
      }
    }
  });

  // On Node 20 each call takes memory for as long as the signals live on which the new one depends.
  test("no file of the library calls AbortSignal.any()", () => {
    const calling = all.filter(({ lines }) => /\bAbortSignal\.any\(/.test(code(lines.join("\n"))));
    assertEquals(calling.map(({ file }) => file), []);
  });

  // The compiler's own library has no such names for tsconfig.json, but the types of Bun add these to the global objects.
  test("no file calls a static method that the oldest Node does not have", () => {
    const newer =
      /\b(?:Promise\.(?:withResolvers|try)|Array\.fromAsync|(?:Map|Object)\.groupBy|RegExp\.escape|Error\.isError|Uint8Array\.from(?:Base64|Hex))\b/;
    for (const file of ["src", "compat", "build", "tests", "bench", "examples"].flatMap(filesOf)) {
      const found = newer.exec(code(readFileSync(join(root, file), "utf8")));
      assertEquals(found === null ? [] : [file, found[0]], []);
    }
  });
});
