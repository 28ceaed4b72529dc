// unref() and ref(): whether a program ends while its client is open, on every transport of the runtime.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { timeout } from "../support/limits.ts";
import { routed } from "../support/peer.ts";
import { commandOf, type Finished, runCommand } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

const module = JSON.stringify(new URL("../../mod.ts", import.meta.url).href);

/** Runs a program that has the address of a store in `address`. */
async function runProgram(directory: string, address: string, code: string): Promise<Finished> {
  const file = join(directory, "program.mts");
  const head = `import { Client, connect } from ${module};\nconst address = ${JSON.stringify(address)};\n`;
  writeFileSync(file, head + code);
  return await runCommand(commandOf(file));
}

const ended = (finished: Finished) => [finished.code, finished.stdout.trim(), finished.stderr];

const programs: Readonly<Record<string, string>> = {
  "after it connected": `
    const store = await connect(address);
    const monitor = store.monitor();
    await monitor.watch("/tool");
    store.unref();
    console.log("ends");`,
  "before it connects": `
    const store = new Client(address);
    store.unref();
    await store.connect();
    console.log("ends");`,
  "with an event that is awaited": `
    const store = await connect(address);
    const monitor = store.monitor();
    await monitor.watch("/tool");
    void (async () => { for await (const event of monitor) if (event.path === "/never") console.log("never"); })();
    store.ref();
    store.unref();
    console.log("ends");`,
};

describe("a program whose client has been unref()ed", { timeout }, () => {
  for (const [when, code] of Object.entries(programs)) {
    test(`ends over a socket although the client is open: ${when}`, async () => {
      await inDirectory(async (directory) => {
        await using daemon = new Daemon();
        const { path } = await daemon.listen(join(directory, "socket"));
        assertEquals(ended(await runProgram(directory, `unix:${path}`, code)), [0, "ends", ""]);
      });
    });
  }

  test("ends over an embedded store although the client is open", async () => {
    await inDirectory(async (directory) => {
      const code = programs["with an event that is awaited"] ?? "";
      assertEquals(ended(await runProgram(directory, "embedded:", code)), [0, "ends", ""]);
    });
  });

  test("goes on while something else keeps it alive, and its client works", async () => {
    await inDirectory(async (directory) => {
      await using daemon = new Daemon();
      const { path } = await daemon.listen(join(directory, "socket"));
      const code = `
        const store = await connect(address);
        store.unref();
        const alive = setInterval(() => {}, 1000);
        await store.write("/tool/unref", "works");
        console.log(await store.readText("/tool/unref"));
        clearInterval(alive);`;
      assertEquals(ended(await runProgram(directory, `unix:${path}`, code)), [0, "works", ""]);
    });
  });

  test("goes on after ref()", async () => {
    await inDirectory(async (directory) => {
      await using daemon = new Daemon();
      const { path } = await daemon.listen(join(directory, "socket"));
      await using store = await connect(daemon.connect());
      const code = `
        const store = await connect(address);
        store.unref();
        store.ref();
        void store.waitFor("/tool/go", (value) => value !== null).then(async () => {
          console.log("went");
          await store.close();
        });
        await store.write("/tool/ready", "");`;
      const finished = runProgram(directory, `unix:${path}`, code);
      await store.waitFor("/tool/ready", (value) => value !== null);
      await store.write("/tool/go", "");
      assertEquals(ended(await finished), [0, "went", ""]);
    });
  });

  test("ends while its client connects again", async () => {
    await inDirectory(async (directory) => {
      const daemon = new Daemon();
      const { path } = await daemon.listen(join(directory, "socket"));
      await using store = await connect(daemon.connect());
      const code = `
        const reconnect = { attempts: 100000, backoff: { initial: 1e8, max: 1e8 } };
        const onStatus = ({ type }) => console.log(type);
        const store = await connect(address, { reconnect, onStatus });
        const alive = setInterval(() => store.isConnected || clearInterval(alive), 1);
        store.unref();
        await store.write("/tool/ready", "");`;
      const finished = runProgram(directory, `unix:${path}`, code);
      await store.waitFor("/tool/ready", (value) => value !== null);
      await daemon.close();
      assertEquals(ended(await finished), [0, "connected\ndisconnected", ""]);
    });
  });
});

describe("a router", () => {
  test("tells its transport to hold the process, and a transport that cannot be told is fine", () => {
    const { router, peer } = routed();
    router.hold(false);
    const calls: string[] = [];
    const tell = (what: string) => () => void calls.push(what);
    Object.assign(peer.transport, { ref: tell("ref"), unref: tell("unref") });
    router.hold(false);
    router.hold(true);
    assertEquals(calls, ["unref", "ref"]);
  });
});
