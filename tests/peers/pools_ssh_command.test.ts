// The command on pools of another host, with the real ssh and a real sshd, as a user's configuration leads to them.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { takeLock } from "../../src/pools/lock.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { type Ran, run } from "../support/invocation.ts";
import { type Sshd, startSshd } from "./sshd.ts";

const SUBTREE = "--subtree /local/domain/5";
const path = process.env.PATH ?? "";

describe("pool on another host, with the real ssh", () => {
  let directory = "";
  let sshd: Sshd;
  let daemon: Daemon;
  let store: Client;
  before(async () => void (sshd = await startSshd()));
  after(() => sshd.stop());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tsxs-pools-"));
    configure("usual");
    daemon = new Daemon();
    store = await connect(daemon.connect());
    await store.write("/local/domain/5/name", "web");
  });
  afterEach(async () => {
    process.env.PATH = path;
    await store[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  /** Has the program ssh use a configuration of the test in place of the user's. */
  const configure = (...change: Parameters<Sshd["configure"]>): void => {
    const script = `#!/bin/sh\nPATH='${path}' exec ssh -F '${sshd.configure(...change)}' "$@"\n`;
    writeFileSync(join(directory, "ssh"), script, { mode: 0o700 });
    process.env.PATH = `${directory}${delimiter}${path}`;
  };
  const location = (port = sshd.port): string => `ssh://${sshd.user}@127.0.0.1:${port}${join(directory, "pool")}`;
  const act = (words: string, { host = "here", port = sshd.port } = {}): Promise<Ran> => {
    const [action = "", ...args] = words.split(" ");
    const place = ["--directory", join(directory, host), "--pool", location(port)];
    return run(() => daemon.connect(), ["tsxs", "pool", action, ...place, ...args]);
  };
  const ok = (stdout = ""): Ran => ({ ending: 0, stdout, stderr: "" });
  const inPool = (): string[] => readdirSync(join(directory, "pool/web")).sort();

  test("set, show, check, get, push, pop and unset work on the states there", async () => {
    assertEquals(await act(`set ${SUBTREE} web clean`), ok());
    assertEquals(inPool(), ["clean.state", "clean.tree"]);
    const shown = (await act("show --json --scope swarm web")).stdout;
    assertEquals(JSON.parse(shown), {
      object: "web",
      state: "clean",
      parent: null,
      bytes: readFileSync(join(directory, "pool/web/clean.tree")).length,
      fault: null,
      scope: "swarm",
      pool: location(),
      location: location(),
    });
    assertEquals(await act("check web clean"), ok("clean exists\n"));
    assertEquals(await act("check --scope swarm web other"), { ...ok("other is missing\n"), ending: 1 });

    await store.write("/local/domain/5/name", "changed");
    assertEquals(await act(`get ${SUBTREE} --json web clean`, { host: "there" }), {
      ...ok('{"operation":"get","object":"web","state":"clean"}\n'),
    });
    assertEquals(await store.readText("/local/domain/5/name"), "web");
    assertEquals(readdirSync(join(directory, "there/web")).sort(), ["clean.state", "clean.tree"]);

    assertEquals(await act(`push ${SUBTREE} web pushed`), ok());
    const again = await act(`push ${SUBTREE} web pushed`);
    assertEquals([again.ending, again.stdout], [2, ""]);
    assertStringIncludes(again.stderr, 'push "pushed" of "web": the state exists');
    assertEquals(inPool(), ["clean.state", "clean.tree", "pushed.state", "pushed.tree"]);
    await store.write("/local/domain/5/name", "changed");
    assertEquals(await act(`pop ${SUBTREE} web pushed`), ok());
    assertEquals([await store.readText("/local/domain/5/name"), inPool()], ["web", ["clean.state", "clean.tree"]]);
    assertEquals(await act("unset web clean"), ok());
    assertEquals(inPool(), []);
  });

  test("locks and break-lock concern the locks there, for which set and get wait", async () => {
    await act(`set ${SUBTREE} web clean`);
    const files = new LocalFiles(join(directory, "pool"));
    const lock = new StateFiles(files).lockPath("web", "clean");
    const held = await takeLock(files, lock, { operation: "set", object: "web", state: "clean" });
    const { state, owner, isStale, pool } = JSON.parse((await act("locks --json web")).stdout);
    assertEquals([state, owner.host, owner.process, isStale, pool], [
      "clean",
      hostname(),
      process.pid,
      false,
      location(),
    ]);
    for (const words of [`set ${SUBTREE} web clean`, "unset web clean", `get ${SUBTREE} web clean`]) {
      // This host has the same state, so get would read nothing.
      const { ending, stdout, stderr } = await act(`${words} --lock-timeout 0`, {
        host: words.startsWith("get") ? "there" : "here",
      });
      assertEquals([ending, stdout], [2, ""], words);
      assertMatch(stderr, new RegExp(`process ${process.pid} of "${hostname()}", since .* has the lock`));
    }
    assertEquals(await act(`get --skip-locks --lock-timeout 0 ${SUBTREE} web clean`, { host: "there" }), ok());
    const refused = await act("break-lock --scope swarm web clean");
    assertEquals(refused.ending, 2);
    assertStringIncludes(refused.stderr, "force breaks it");
    assertEquals(await act("break-lock --force --scope swarm web clean"), ok());
    assertEquals(await act("locks --json web"), ok());
    await held.release();
  });

  const faults: readonly (readonly [name: string, message: RegExp, prepare: () => number])[] = [
    ["whose key is another one", /^tsxs: .*the host "127\.0\.0\.1" is not trusted, because of its key: /, () => {
      configure("stranger", { known: "stranger" });
      return sshd.port;
    }],
    ["whose key is not known", /^tsxs: .*the host "127\.0\.0\.1" is not trusted, because of its key: /, () => {
      configure("unknown", { port: 1 });
      return sshd.port;
    }],
    ["that refuses the login", /^tsxs: .*the host "127\.0\.0\.1" refused the login: .*Permission denied/, () => {
      configure("login", { login: "stranger" });
      return sshd.port;
    }],
    ["that does not listen", /^tsxs: .*the host "127\.0\.0\.1" cannot be reached: .*Connection refused/, () => 1],
  ];
  for (const [name, message, prepare] of faults) {
    test(`of a host ${name} fails with status 2 and one line that says so, and does nothing there`, async () => {
      const port = prepare();
      for (
        const words of [
          "show --scope swarm web",
          "check --scope swarm web clean",
          "locks --scope swarm web",
          "break-lock --scope swarm web clean",
          "unset --scope swarm web clean",
        ]
      ) {
        const { ending, stdout, stderr } = await act(words, { port });
        assertEquals([words, ending, stdout], [words, 2, ""]);
        assertMatch(stderr, message);
        assertEquals(stderr.trimEnd().split("\n").length, 1);
      }
      for (const action of ["set", "push", "get", "pop"]) {
        // Each concerns a state of its own, which set and push may keep on this host.
        const { ending, stdout, stderr } = await act(`${action} ${SUBTREE} web ${action}-state`, { port });
        assertEquals([action, ending, stdout], [action, 2, ""]);
        assertStringIncludes(stderr, 'the host "127.0.0.1" ');
      }
      assert(!readdirSync(directory).includes("pool"), "nothing was stored there");
    });
  }
});
