// Hostile servers: some never answer, never end, or answer with nothing. Signals and limits end each request.

import { setTimeout } from "node:timers";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { PoolFiles } from "../../../src/pools/files.ts";
import { filesUntil } from "../../../src/pools/files_until.ts";
import {
  breakStateLock,
  Hosts,
  parseLocation,
  PoolStates,
  RemoteError,
  StateFiles,
  stateLocks,
  TransferOps,
} from "../../../src/pools/mod.ts";
import { Packet, packet, Status } from "../../../src/pools/sftp/packets.ts";
import { startConnection } from "../../../src/pools/sftp/start.ts";
import { inTemporary } from "../../support/temporary.ts";
import { putState } from "../put_state.ts";
import { filesOf, scriptedServer, usual } from "./scripted_server.ts";

const reason = new Error("the user gave up");
const limits = { start: 60_000, silence: 60_000 };

/** A program that shakes hands, and then never answers. */
const silent = ["sh", "-c", "printf '\\000\\000\\000\\005\\002\\000\\000\\000\\003'; exec cat >/dev/null"];
/** A program that never answers at all. */
const mute = ["sh", "-c", "exec cat >/dev/null"];

async function readAll(files: PoolFiles, path: string): Promise<number> {
  let [size, pieces] = [0, 0];
  for await (const bytes of files.read(path)) {
    size += bytes.length;
    if (++pieces > 20_000) throw new Error("the reading does not end");
  }
  return size;
}

describe("a server that never shakes hands", () => {
  test("is given up when its time is over", async () => {
    const server = scriptedServer(() => null);
    const error = await assertRejects(
      () => startConnection(server.duplex, "other", { ...limits, start: 20 }),
      RemoteError,
      'the host "other" cannot be reached: it did not answer within 0.02 s',
    );
    assertEquals([error.fault, server.isClosed], ["unreachable", true]);
  });

  test("is given up when the signal is aborted", async () => {
    const server = scriptedServer(() => null);
    const ends = new AbortController();
    const starting = startConnection(server.duplex, "other", limits, ends.signal);
    await server.requested(Packet.INIT);
    ends.abort(reason);
    assertEquals(await starting.catch((error: unknown) => error), reason);
    assert(server.isClosed);
  });

  test("does not keep its connections from being closed", async () => {
    const hosts = new Hosts({ command: () => mute });
    const listing = hosts.states(parseLocation("ssh://other/pool")).states("guest");
    const failed = assertRejects(() => listing, Error, "were closed");
    await hosts.close();
    await failed;
    const impatient = new Hosts({ command: () => mute, startTimeout: 20 });
    const states = impatient.states(parseLocation("ssh://other/pool"));
    const error = await assertRejects(() => states.states("guest"), RemoteError);
    assertEquals(error.fault, "unreachable");
  });
});

describe("a server that never answers a request", () => {
  const operations: Readonly<Record<string, readonly [number, (files: PoolFiles) => Promise<unknown>]>> = {
    list: [Packet.OPENDIR, (files) => files.list("guest")],
    "list, after the directory was opened": [Packet.READDIR, (files) => files.list("guest")],
    status: [Packet.LSTAT, (files) => files.status("guest/a.tree")],
    read: [Packet.OPEN, (files) => readAll(files, "guest/a.tree")],
    "read, after the file was opened": [Packet.READ, (files) => readAll(files, "guest/a.tree")],
    openPart: [Packet.OPEN, (files) => files.openPart("guest/a.tree")],
    createPart: [Packet.OPEN, (files) => files.createPart("guest/a.tree")],
    "read of a part": [Packet.READ, async (files) => {
      const part = await files.createPart("guest/a.tree");
      try {
        await part?.read()[Symbol.asyncIterator]().next();
      } finally {
        await part?.close();
      }
    }],
    createExclusive: [Packet.OPEN, (files) => files.createExclusive("guest/a.tree", new Uint8Array(1))],
    remove: [Packet.REMOVE, (files) => files.remove("guest/a.tree")],
    write: [Packet.WRITE, async (files) => {
      const part = await files.openPart("guest/a.tree");
      for (let at = 0; at < 2 ** 23; at += 2 ** 20) await part.write(new Uint8Array(2 ** 20), at);
      await part.sync();
    }],
    truncate: [Packet.FSETSTAT, async (files) => await (await files.openPart("guest/a.tree")).truncate(0)],
    close: [Packet.CLOSE, async (files) => await (await files.openPart("guest/a.tree")).close()],
  };
  for (const [name, [type, run]] of Object.entries(operations)) {
    test(`does not keep ${name} from ending by its signal`, async () => {
      const server = scriptedServer(usual({ [type]: () => null, [Packet.CLOSE]: () => null }));
      const ends = new AbortController();
      const running = run(filesUntil(await filesOf(server), ends.signal));
      await server.requested(type);
      ends.abort(reason);
      const error = await running.catch((one: unknown) => one);
      // A file that is closed is given up without an error.
      assertEquals(error, name === "close" ? undefined : reason);
      await server.duplex.close();
    });

    test(`does not keep ${name} from ending when it was silent for too long`, async () => {
      const server = scriptedServer(usual({ [type]: () => null }));
      const files = await filesOf(server, 20);
      const error = await assertRejects(() => run(files), RemoteError, "it did not answer for 0.02 s");
      assertEquals([error.fault, server.isClosed], ["lost", true]);
    });
  }

  test("is not given up while it owes nothing", async () => {
    const files = await filesOf(scriptedServer(usual()), 10);
    for (let i = 0; i < 3; i++) {
      assertEquals((await files.status("a.tree"))?.size, 1_048_576);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  });

  test("does not keep the operations of transfers and backends from ending by their signals", () =>
    inTemporary(async (base) => {
      const hosts = new Hosts({ command: () => silent });
      try {
        const location = "ssh://other/pool";
        await putState(base, "a", null, { "a.tree": new Uint8Array(10) });
        const states = hosts.states(parseLocation(location));
        const backend = new PoolStates({ own: StateFiles.local(base), pool: states });
        const of = { location, object: "guest", state: "a" };
        const request = { ...of, scopes: [], skipLocks: false };
        const byConstructor = (signal: AbortSignal) => new TransferOps(base, hosts, { signal });
        const ops = new TransferOps(base, hosts);
        const runs: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
          list: (signal) => ops.list(location, "guest", { signal }),
          "list of the constructor": (signal) => byConstructor(signal).list(location, "guest"),
          compare: (signal) => ops.compare({ ...of, signal }),
          "compare of the constructor": (signal) => byConstructor(signal).compare(of),
          download: (signal) => ops.download({ ...of, signal }),
          upload: (signal) => ops.upload({ ...of, signal }),
          "upload of the constructor": (signal) => byConstructor(signal).upload(of),
          downloadAll: (signal) => ops.downloadAll({ location, object: "guest", signal }),
          "downloadAll of named states": (signal) =>
            ops.downloadAll({ location, object: "guest", states: ["a"], signal }),
          uploadAll: (signal) => ops.uploadAll({ location, object: "guest", signal }),
          "uploadAll of the constructor": (signal) => byConstructor(signal).uploadAll({ location, object: "guest" }),
          delete: (signal) => ops.delete({ ...of, signal }),
          show: (signal) => backend.show({ ...request, signal }),
          get: (signal) => backend.get({ ...request, signal }),
          set: (signal) => backend.set({ ...request, signal }),
          unset: (signal) => backend.unset({ ...request, signal }),
          checkRoot: (signal) => backend.checkRoot({ ...request, signal }),
          isSame: (signal) => backend.isSame({ ...request, signal }),
          stateLocks: (signal) => stateLocks(states, "guest", { signal }),
          breakStateLock: (signal) => breakStateLock(states, of, { signal }),
        };
        for (const [name, run] of Object.entries(runs)) {
          const ends = new AbortController();
          const running = run(ends.signal).then(() => `${name} resolved`, (error: unknown) => error);
          setTimeout(() => ends.abort(reason), 5);
          assertEquals(await running, reason, name);
          assertEquals(await run(ends.signal).catch((error: unknown) => error), reason, `${name}, aborted before`);
        }
      } finally {
        await hosts.close();
      }
    }));
});

describe("a server that answers", () => {
  test("is not asked for the directory of each file that is made", async () => {
    const server = scriptedServer(usual());
    const files = await filesOf(server);
    for (let i = 0; i < 200; i++) await (await files.createPart(`guest/${i}.part`))?.close();
    const [opened, looked] = [Packet.OPEN, Packet.LSTAT].map((type) =>
      server.asked.filter((one) => one === type).length
    );
    // A look counts for two seconds.
    assert(opened === 200 && looked !== undefined && looked >= 1 && looked < 20, `${opened} and ${looked} requests`);
  });
});

describe("a server that answers wrongly", () => {
  test("with no bytes, with too many, or with another packet to a read is refused", async () => {
    const replies: readonly ((id: number) => Uint8Array)[] = [
      (id) => packet({ byte: Packet.DATA }, id, new Uint8Array()),
      (id) => packet({ byte: Packet.DATA }, id, new Uint8Array(400_000)),
      (id) => packet({ byte: Packet.ATTRS }, id, 0),
    ];
    for (const reply of replies) {
      const files = await filesOf(scriptedServer(usual({ [Packet.READ]: reply })));
      const part = await files.createPart("guest/b.tree");
      for (const read of [() => readAll(files, "guest/a.tree"), () => part?.read()[Symbol.asyncIterator]().next()]) {
        const error = await assertRejects(async () => await read(), RemoteError, "it answered a request for");
        assertEquals(error.fault, "protocol");
      }
    }
  });

  /** A reply with so many names of so many characters. */
  const names = (count: number, length: number) => (id: number): Uint8Array => {
    const name = "n".repeat(length);
    return packet({ byte: Packet.NAME }, id, count, ...Array.from({ length: count }, () => [name, "", 0]).flat());
  };

  test("with names without end is refused after a million names, or 64 MiB of them", async () => {
    for (const [count, length] of [[10_000, 1], [2000, 250]] as const) {
      const reply = names(count, length)(0);
      const server = scriptedServer(usual({
        [Packet.READDIR]: (id) => {
          new DataView(reply.buffer).setUint32(5, id);
          return reply;
        },
      }));
      const files = await filesOf(server);
      const error = await assertRejects(() => files.list("guest"), RemoteError, "has more names than are read");
      assertEquals(error.fault, "protocol");
      assert(server.asked.filter((type) => type === Packet.READDIR).length <= 140);
    }
  });

  test("with empty lists of names without end is refused", async () => {
    const files = await filesOf(scriptedServer(usual({ [Packet.READDIR]: names(0, 0) })));
    const error = await assertRejects(() => files.list("guest"), RemoteError, "it answered with no names");
    assertEquals(error.fault, "protocol");
  });

  test("to one request has no effect on the next ones", async () => {
    // A client that goes on finds the end after a thousand.
    let bad = 1000;
    const files = await filesOf(scriptedServer(usual({
      [Packet.READDIR]: (id) => bad-- > 0 ? names(0, 0)(id) : packet({ byte: Packet.STATUS }, id, Status.EOF, "", ""),
    })));
    await assertRejects(() => files.list("guest"), RemoteError);
    bad = 0;
    assertEquals(await files.list("guest"), []);
  });
});
