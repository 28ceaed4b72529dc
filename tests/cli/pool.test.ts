// `pool`: the actions on states of this host and of pools, and what they print.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { takeLock } from "../../src/pools/lock.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { inTemporary } from "../support/temporary.ts";

interface Bed {
  /** Runs an action on the states of the directory. `POOL` stands for the path of a pool. */
  readonly act: (words: string, setting?: Setting) => Promise<Ran>;
  readonly store: Client;
  readonly directory: string;
  readonly pool: string;
}

async function withBed(body: (bed: Bed) => Promise<void>): Promise<void> {
  await inTemporary(async (base) => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await store.write("/local/domain/5/name", "web");
    const [directory, pool] = [join(base, "here"), join(base, "pool")];
    const act = (words: string, setting?: Setting): Promise<Ran> => {
      const [action = "", ...args] = words.split(" ").map((word) => word.replace("POOL", pool));
      return run(() => daemon.connect(), ["tsxs", "pool", action, "--directory", directory, ...args], setting);
    };
    await body({ act, store, directory, pool });
  });
}

const SUBTREE = "--subtree /local/domain/5";
const ok = (stdout = "", stderr = ""): Ran => ({ ending: 0, stdout, stderr });
const failed = (stderr: string, ending = 2): Ran => ({ ending, stdout: "", stderr });
const name = (store: Client, domid = 5): Promise<string> => store.readText(`/local/domain/${domid}/name`);

describe("pool", () => {
  test("set keeps the nodes of a guest, and get returns to them, also for another domain", () =>
    withBed(async ({ act, store }) => {
      assertEquals(await act(`set ${SUBTREE} web clean`), ok());
      await store.write("/local/domain/5/name", "changed");
      assertEquals(await act(`get ${SUBTREE} web clean`), ok());
      assertEquals(await name(store), "web");
      assertEquals(await act("get --subtree /local/domain/7 --domid 7 web clean"), ok());
      assertEquals(await name(store, 7), "web");
    }));

  test("set brings the state to the pools, and get of another host brings it from there", () =>
    withBed(async ({ act, store, directory, pool }) => {
      assertEquals(await act(`set ${SUBTREE} --pool POOL --pool POOL2 web clean`), ok());
      assertEquals(readdirSync(join(pool, "web")).sort(), ["clean.state", "clean.tree"]);
      assertEquals(readdirSync(join(`${pool}2`, "web")).sort(), ["clean.state", "clean.tree"]);
      await store.write("/local/domain/5/name", "changed");
      const there = join(directory, "../there");
      assertEquals(await act(`get ${SUBTREE} --directory ${there} --pool POOL web clean`), ok());
      assertEquals([await name(store), readdirSync(join(there, "web")).length], ["web", 2]);
    }));

  test("get with a pool of links keeps links, and returns to the state", () =>
    withBed(async ({ act, store, directory }) => {
      await act(`set ${SUBTREE} --pool POOL web clean`);
      await store.write("/local/domain/5/name", "changed");
      const there = join(directory, "../there");
      assertEquals(await act(`get ${SUBTREE} --directory ${there} --pool link+POOL web clean`), ok());
      assertEquals(await name(store), "web");
      assertEquals(await act(`get ${SUBTREE} --directory ${there} --pool link+POOL web clean`), ok());
    }));

  test("get and set without own take part in transfers alone, and otherwise need a part", () =>
    withBed(async ({ act, directory, pool }) => {
      assertEquals(
        await act("set web clean"),
        failed("tsxs: no part of the object is named: use --subtree or --disk, or a --scope without own\n"),
      );
      await act(`set ${SUBTREE} web clean`);
      assertEquals(await act("set --scope shared --pool POOL web clean"), ok());
      assertEquals(readdirSync(join(pool, "web")).length, 2);
      const there = join(directory, "../there");
      assertEquals(await act(`get --scope shared,swarm --directory ${there} --pool POOL web clean`), ok());
      assertEquals(readdirSync(join(there, "web")).length, 2);
    }));

  test("get asks the next pool if one is damaged, and warns of it, escaped", () =>
    withBed(async ({ act, store, directory, pool }) => {
      await act(`set ${SUBTREE} --pool POOL --pool POOL2 web clean`);
      await store.write("/local/domain/5/name", "changed");
      writeFileSync(join(pool, "web/clean.tree"), readFileSync(join(pool, "web/clean.tree")).fill(27));
      const there = join(directory, "../there");
      const words = `get ${SUBTREE} --directory ${there} --pool POOL --pool POOL2 web clean`;
      const { ending, stdout, stderr } = await act(words);
      assertEquals([ending, stdout, await name(store)], [0, "", "web"]);
      assertEquals(
        stderr,
        `tsxs: get "clean" of "web": "web/clean.tree" of "${pool}" is damaged: its content differs from its digest\n`,
      );
    }));

  test("show lists the states of this host and of the pools, and with --json their locations", () =>
    withBed(async ({ act, directory, pool }) => {
      assertEquals(await act("show web"), ok("OBJECT  STATE  BYTES  SINCE  SCOPE  POOL\n"));
      await act(`set ${SUBTREE} web a`);
      await act(`set ${SUBTREE} --pool POOL web b`);
      const lines = (await act("show --pool POOL web nothing")).stdout.trimEnd().split("\n").slice(1);
      const rows = lines.map((line) => line.split(/\s+/));
      assertEquals(rows.map(([object, state, , since, scope, at]) => [object, state, since, scope, at]), [
        ["web", "a", "-", "own", "-"],
        ["web", "b", "-", "own", "-"],
        ["web", "b", "-", "shared", pool],
      ]);
      assertEquals(Number(rows[0]?.[2]), statSync(join(directory, "web/a.tree")).size);
      const shown = (await act("show --json --pool POOL --scope shared web")).stdout.trimEnd().split("\n");
      assertEquals(shown.map((line) => JSON.parse(line)), [{
        object: "web",
        state: "b",
        parent: null,
        bytes: statSync(join(directory, "web/b.tree")).size,
        fault: null,
        scope: "shared",
        pool,
        location: pool,
      }]);
    }));

  test("show lists what others wrote to a pool, escaped, with its fault", () =>
    withBed(async ({ act, pool }) => {
      mkdirSync(join(pool, "web"), { recursive: true });
      writeFileSync(join(pool, "web", "ev\u009bil.state"), "\x1b[31m");
      writeFileSync(join(pool, "web", "clean.state"), "\x1b[31m no manifest");
      const { ending, stdout, stderr } = await act("show --pool POOL web");
      assertEquals([ending, stderr], [0, ""]);
      assert(/^[\n -~]*$/.test(stdout), JSON.stringify(stdout));
      assertStringIncludes(stdout, "is damaged: it is no manifest");
    }));

  test("check tells which states exist, with status 1 if one is missing and 2 if it failed", () =>
    withBed(async ({ act }) => {
      await act(`set ${SUBTREE} web clean`);
      assertEquals(await act("check web clean"), ok("clean exists\n"));
      assertEquals(await act("check web clean other"), { ...ok("clean exists\nother is missing\n"), ending: 1 });
      assertEquals(await act("check -j web clean"), ok('{"object":"web","state":"clean","exists":true}\n'));
      assertEquals((await act("check web .hidden")).ending, 2);
      assertEquals((await act("check web")).ending, 2);
      const unknown = await act("check --scope far web clean");
      assertEquals(unknown, failed("tsxs: the scope 'far' is unknown: use own, swarm, cluster, shared\n"));
    }));

  test("unset, push and pop keep to their policies", () =>
    withBed(async ({ act, store, directory }) => {
      assertEquals(await act(`push ${SUBTREE} web clean`), ok());
      assertEquals(
        await act(`push ${SUBTREE} web clean`),
        failed('tsxs: push "clean" of "web": the state exists, and the policy "af" aborts\n'),
      );
      assertEquals(await act(`push ${SUBTREE} --policy rf web clean`), ok());
      await store.write("/local/domain/5/name", "changed");
      assertEquals(await act(`pop ${SUBTREE} --unset-policy ra web clean`), ok());
      assertEquals(await name(store), "web");
      assertEquals(
        await act(`pop ${SUBTREE} --json web clean`),
        ok('{"operation":"pop","object":"web","state":"clean"}\n'),
      );
      assertEquals(readdirSync(join(directory, "web")), []);
      assertEquals(
        await act("unset web clean"),
        ok("", 'tsxs: unset: the state "clean" of "web" does not exist, and is ignored\n'),
      );
      assertEquals((await act("unset --policy fa web clean")).ending, 2);
      assertEquals((await act("unset --policy xx web clean")).ending, 2);
    }));

  test("get waits for the lock of the pool, and with --skip-locks for none", () =>
    withBed(async ({ act, store, directory, pool }) => {
      await act(`set ${SUBTREE} --pool POOL web clean`);
      const context = { operation: "set", object: "web", state: "clean" };
      const there = join(directory, "../there");
      for (const kind of ["", "link+"]) {
        const { files } = StateFiles.local(pool);
        const held = await takeLock(files, StateFiles.local(pool).lockPath("web", "clean"), context);
        await store.write("/local/domain/5/name", "changed");
        const words = `${SUBTREE} --directory ${there}${kind} --pool ${kind}POOL --lock-timeout 0 web clean`;
        const locked = await act(`get ${words}`);
        assertEquals([locked.ending, await name(store)], [2, "changed"]);
        assertMatch(locked.stderr, new RegExp(`process ${process.pid} of "${hostname()}"`));
        assertEquals([await act(`get --skip-locks ${words}`), await name(store)], [ok(), "web"]);
        await held.release();
      }
    }));

  test("--json names the states that an action has got, set or removed, and none that it has left alone", () =>
    withBed(async ({ act }) => {
      const line = (operation: string, state: string): string =>
        `${JSON.stringify({ operation, object: "web", state })}\n`;
      const expected: readonly (readonly [words: string, printed: string])[] = [
        [`push ${SUBTREE} web root`, ""],
        [`pop ${SUBTREE} web boot`, ""],
        [`push ${SUBTREE} web clean`, line("push", "clean")],
        [`push ${SUBTREE} -P rf web clean`, ""],
        [`set ${SUBTREE} -P rf web clean`, ""],
        [`set ${SUBTREE} web clean`, line("set", "clean")],
        [`get ${SUBTREE} -P ia web clean`, ""],
        [`get ${SUBTREE} -P ri web missing`, ""],
        [`get ${SUBTREE} web clean`, line("get", "clean")],
        [`get ${SUBTREE} web root`, line("get", "root")],
        [`set ${SUBTREE} -P rf web root`, ""],
        [`set ${SUBTREE} web next`, line("set", "next")],
        ["unset -P ri web clean", ""],
        ["unset web missing clean other next", line("unset", "clean") + line("unset", "next")],
        [`unset ${SUBTREE} -s own web root`, line("unset", "root")],
        [`set ${SUBTREE} -s own web root`, line("set", "root")],
        [`unset ${SUBTREE} -s own -P ri web root`, ""],
        [`push ${SUBTREE} web clean`, line("push", "clean")],
        [`pop ${SUBTREE} web clean`, line("pop", "clean")],
      ];
      for (const [words, printed] of expected) {
        const [action, ...args] = words.split(" ");
        const { ending, stdout } = await act([action, "--json", ...args].join(" "));
        assertEquals([words, ending, stdout], [words, 0, printed]);
      }
    }));

  test("locks lists owners, a locked state is a failure that names the owner, and break-lock needs --force", () =>
    withBed(async ({ act, directory, pool }) => {
      await act(`set ${SUBTREE} --pool POOL web clean`);
      for (const at of [directory, pool]) {
        const states = new StateFiles(new LocalFiles(at));
        const context = { operation: "set", object: "web", state: "clean" };
        const held = await takeLock(states.files, states.lockPath("web", "clean"), context);
        const flags = at === pool ? "--pool POOL --scope shared" : "";
        const words = (action: string): string => `${action} ${flags} `.replaceAll("  ", " ");
        const listed = (await act(`${words("locks")}web`)).stdout;
        assertStringIncludes(listed, `web     clean  ${hostname()}`);
        assertStringIncludes(listed, ` ${process.pid} `);
        const { owner, isStale } = JSON.parse((await act(`${words("locks")}--json web`)).stdout);
        assertEquals([owner.process, isStale], [process.pid, false]);
        const locked = await act(`${words("unset")}--lock-timeout 0 web clean`);
        assertEquals(locked.ending, 2);
        assertMatch(locked.stderr, new RegExp(`process ${process.pid} of "${hostname()}"`));
        const refused = await act(`${words("break-lock")}web clean`);
        assertEquals(refused.ending, 2);
        assertStringIncludes(refused.stderr, "has the lock, which is not stale: force breaks it");
        assertEquals(await act(`${words("break-lock")}--force web clean`), ok());
        assertEquals(await act(`${words("break-lock")}web clean`), {
          ...failed('tsxs: break-lock "clean" of "web": the state is not locked\n'),
          ending: 1,
        });
        await held.release();
      }
    }));

  test("a bar is shown while a lock is awaited, and is gone at the end", () =>
    withBed(async ({ act, directory }) => {
      await act(`set ${SUBTREE} web clean`);
      const states = StateFiles.local(directory);
      const context = { operation: "set", object: "web", state: "clean" };
      const held = await takeLock(states.files, states.lockPath("web", "clean"), context);
      let drawn = "";
      let onDrawn = (): void => {};
      const shown = new Promise<void>((resolve) => onDrawn = resolve);
      const terminal = {
        columns: () => 80,
        write: (bytes: Uint8Array) => {
          drawn += new TextDecoder().decode(bytes);
          onDrawn();
        },
      };
      const set = act(`set ${SUBTREE} web clean`, { terminal });
      await shown;
      await held.release();
      assertEquals(await set, ok());
      assert(drawn.endsWith("\r\x1b[K"), JSON.stringify(drawn));
    }));

  test("get with --skip-locks does not wait for the lock", () =>
    withBed(async ({ act, store, directory }) => {
      await act(`set ${SUBTREE} web clean`);
      const states = StateFiles.local(directory);
      const context = { operation: "set", object: "web", state: "clean" };
      const held = await takeLock(states.files, states.lockPath("web", "clean"), context);
      await store.write("/local/domain/5/name", "changed");
      assertEquals((await act(`get ${SUBTREE} -t 0 web clean`)).ending, 2);
      assertEquals(await act(`get ${SUBTREE} -t 0 --skip-locks web clean`), ok());
      assertEquals(await name(store), "web");
      await held.release();
    }));

  test("the states are in the directory that XDG names, or in the home directory", () =>
    inTemporary(async (home) => {
      await using daemon = new Daemon();
      await using store = await connect(daemon.connect());
      await store.write("/local/domain/5/name", "web");
      const set = (variables: Readonly<Record<string, string>>): Promise<Ran> =>
        run(() => daemon.connect(), ["tsxs", "pool", "set", "-S", "/local/domain/5", "web", "clean"], { variables });
      assertEquals(await set({ HOME: home }), ok());
      assertEquals(await set({ HOME: home, XDG_DATA_HOME: join(home, "data") }), ok());
      assertEquals(await set({ HOME: home, XDG_DATA_HOME: "relative" }), ok());
      for (const data of [".local/share", "data"]) {
        assert(readFileSync(join(home, data, "tsxs/pools/web/clean.state"), "utf8").includes("tsxs-state"));
      }
      assertEquals(readdirSync(home).sort(), [".local", "data"]);
    }));

  test("an invalid location, disk or number is a failure", () =>
    withBed(async ({ act }) => {
      for (
        const [words, message] of [
          ["show --pool host:/pool web", 'the location "host:/pool" is invalid'],
          ["set --disk image web clean", "the disk 'image' is not NAME=IMAGE"],
          ["set --subtree /a --domid x web clean", "the domid 'x' is not a number"],
          ["set --subtree /a --lock-timeout x web clean", "the lock timeout 'x' is not a number"],
          ["set --subtree a web clean", "the path 'a' does not begin with a slash"],
          ["set --subtree /a web ../clean", 'the state "../clean" is invalid'],
          ["shw web", "unknown action shw"],
          ["push --subtree /a --policy xx web clean", 'tsxs: push: the policy "xx" is invalid'],
          ["pop --subtree /a --policy xx web clean", 'tsxs: pop: the policy "xx" is invalid'],
          ["unset --policy xx web clean", 'tsxs: unset: the policy "xx" is invalid'],
        ] as const
      ) {
        const { ending, stdout, stderr } = await act(words);
        assertEquals([ending === 0, stdout], [false, ""]);
        assertStringIncludes(stderr, message);
      }
    }));

  test("an invalid argument ends every action, and the lack of one, with the status of a failure", () =>
    withBed(async ({ act }) => {
      const bare = await run(() => Promise.reject(new Error("connected")), ["tsxs", "pool"]);
      const usage = "Usage: tsxs pool show|check|get|set|unset|push|pop|locks|break-lock [-h] [...]\n";
      assertEquals(bare, failed(`tsxs: ${usage}`));
      const unknown = await run(() => Promise.reject(new Error("connected")), ["tsxs", "pool", "nothing"]);
      assertEquals(unknown, failed(`tsxs: unknown action nothing\n${usage}`));
      for (const action of ["show", "check", "get", "set", "unset", "push", "pop", "locks", "break-lock"]) {
        for (const words of ["", " --nothing web clean", " --pool nothing web clean"]) {
          assertEquals([words, (await act(action + words)).ending], [words, 2]);
        }
      }
    }));

  test("set and get end with the status of a signal, and leave no lock and no file of their own", () =>
    withBed(async ({ act, directory }) => {
      await act(`set ${SUBTREE} web clean`);
      const states = StateFiles.local(directory);
      const context = { operation: "set", object: "web", state: "clean" };
      const held = await takeLock(states.files, states.lockPath("web", "clean"), context);
      for (const action of ["set", "get"]) {
        for (const [signal, ending] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
          let resolve: (signal: string) => void = () => {};
          const signalled = new Promise<string>((take) => resolve = take);
          const terminal = { columns: () => 80, write: () => resolve(signal) };
          assertEquals((await act(`${action} ${SUBTREE} web clean`, { terminal, signalled })).ending, ending);
        }
      }
      await held.release();
      assertEquals(readdirSync(join(directory, "web")).sort(), ["clean.state", "clean.tree"]);
    }));
});
