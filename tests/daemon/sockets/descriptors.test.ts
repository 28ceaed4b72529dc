// A daemon without free descriptors waits for one, and its children have none of its own.

import { connect, type Socket } from "node:net";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { connect as connectClient } from "../../../mod.ts";
import { Daemon } from "../../../src/daemon/mod.ts";
import { HeldDaemon } from "../../support/held.ts";
import { inDirectory } from "../../support/socket.ts";

/** Connects so many clients, which stay connected if the daemon does not close them. */
function connectMany(path: string, count: number): Promise<Socket[]> {
  return Promise.all(Array.from({ length: count }, () =>
    new Promise<Socket>((resolve) => {
      const socket = connect(path);
      socket.resume().once("connect", () => resolve(socket)).once("error", () => resolve(socket));
    })));
}

/**
 * Checks that a daemon uses less of a processor than this process, which uses as much as it gets for the same three
 * seconds: a daemon that spins uses as much, one that rests some hundredth. The test needs this time, after a second in
 * which the daemon comes to rest.
 */
async function assertRests(held: HeldDaemon): Promise<void> {
  await held.tell("measure 1000");
  const used = held.tell("measure 3000");
  // Bytes to the daemon are sent after this turn.
  await new Promise((resolve) => setTimeout(resolve, 1));
  const before = process.cpuUsage();
  for (const end = performance.now() + 3000; performance.now() < end;);
  const { user, system } = process.cpuUsage(before);
  const [daemon, spinning] = [Number(await used), (user + system) / 1000];
  assert(daemon < spinning / 2, `the daemon used ${daemon} ms, and this process ${spinning}`);
}

/** Connects until a request is answered: a daemon without descriptors may close a connection. */
async function assertServes(path: string): Promise<void> {
  for (let last: unknown = null, tries = 0;; tries++) {
    assert(tries < 1000, String(last));
    try {
      await using client = await connectClient(`unix:${path}`);
      assert((await client.list("/")).length > 0);
      return;
    } catch (error) {
      last = error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

describe("a daemon without free descriptors", () => {
  test("rests while clients wait because other files took all descriptors, and serves when they are free", () =>
    inDirectory(async (directory) => {
      await using held = await HeldDaemon.start(directory, 128);
      await using before = await connectClient(`unix:${held.socket}`);
      await before.list("/");
      assertEquals(await held.tell("take"), "taken");
      const clients = await connectMany(held.socket, 5);
      await assertRests(held);
      assert((await before.list("/")).length > 0, "a client that was connected before is served");
      assertEquals(await held.tell("free"), "freed");
      await assertServes(held.socket);
      for (const client of clients) client.destroy();
    }));

  test("rests while more clients connect than it has descriptors, and serves when they have gone", () =>
    inDirectory(async (directory) => {
      await using held = await HeldDaemon.start(directory, 128);
      const clients = await connectMany(held.socket, 200);
      await assertRests(held);
      for (const client of clients) client.destroy();
      await assertServes(held.socket);
    }));
});

describe("a child process of a daemon", () => {
  test("does not keep the directory locked after the daemon was killed", () =>
    inDirectory(async (directory) => {
      let child = 0;
      try {
        {
          await using held = await HeldDaemon.start(directory);
          await using client = await connectClient(`unix:${held.socket}`);
          await client.write("/tool/kept", "by the first");
          child = Number(await held.tell("child"));
        }
        assert(process.kill(child, 0), "the child lives");
        await using daemon = await Daemon.open(`${directory}/store`);
        await using _listener = await daemon.listen(`${directory}/socket`);
        await using client = await connectClient(daemon.connect());
        assertEquals(await client.readText("/tool/kept"), "by the first");
        assert(process.kill(child, 0), "the child still lives");
      } finally {
        if (child > 0) process.kill(child, "SIGKILL");
      }
    }));
});
