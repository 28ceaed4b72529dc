// The daemon as a program uses it: connections, sockets, domains, and close().

import { existsSync, readdirSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Client, connect, ConnectionError } from "../../mod.ts";
import { systemClock } from "../../src/daemon/clock.ts";
import { Daemon, type DaemonOptions } from "../../src/daemon/mod.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import { decodeHeader, HEADER_SIZE } from "../../src/wire/header.ts";
import { Operation } from "../../src/wire/operations.ts";
import { concat } from "../support/bytes.ts";
import { ManualClock, request, turn } from "../support/line.ts";
import { inDirectory, readBytes, write } from "../support/socket.ts";

const BIG = "x".repeat(4000);

/** Runs with a daemon, the path of its socket, and a client. */
async function served(
  run: (daemon: Daemon, path: string, store: Client) => Promise<void>,
  options: ConstructorParameters<typeof Daemon>[0] = {},
): Promise<void> {
  await inDirectory(async (directory) => {
    await using daemon = new Daemon(options);
    const path = join(directory, "socket");
    await daemon.listen(path);
    await using store = await connect(`unix:${path}`);
    await run(daemon, path, store);
  });
}

function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(path);
    socket.once("error", reject).once("connect", () => {
      socket.off("error", reject).on("error", () => {}).pause();
      resolve(socket);
    });
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()).resume());
}

/** Resolves after connecting. `loss` resolves after the client has lost its connection. */
function lost(address: Parameters<typeof connect>[0]): Promise<{ client: Client; loss: Promise<Error> }> {
  return new Promise((resolve, reject) => {
    let onLoss: (error: Error) => void = () => {};
    const loss = new Promise<Error>((settle) => onLoss = settle);
    connect(address, { onStatus: (status) => status.type === "disconnected" && onLoss(status.error) })
      .then((client) => resolve({ client, loss }), reject);
  });
}

describe("a daemon", () => {
  test("a daemon serves one store to clients in memory and over a socket", async () => {
    await served(async (daemon, path, store) => {
      await using inside = await connect(daemon.connect());
      await store.write("/tool/x", "1");
      assertEquals(await inside.readText("/tool/x"), "1");
      await using other = await connect(`unix:${path}`);
      assertEquals(await other.readText("/tool/x"), "1");
    });
  });

  test("two daemons have separate stores", async () => {
    await using one = new Daemon();
    await using other = new Daemon();
    await using client = await connect(one.connect());
    await using stranger = await connect(other.connect());
    await client.write("/tool/x", "1");
    assertEquals(await stranger.exists("/tool/x"), false);
  });

  test("a client connects again within the process, and finds the same store", async () => {
    await using daemon = new Daemon();
    const client = await connect(() => daemon.connect());
    await client.write("/tool/x", "1");
    await client.close();
    await client.connect();
    assertEquals(await client.readText("/tool/x"), "1");
    await client.close();
  });

  test("the daemon drops a client's transaction when the client disconnects", async () => {
    await served(async (_daemon, path, store) => {
      const other = await connect(`unix:${path}`);
      const transaction = await other.transaction();
      await transaction.write("/tool/x", "1");
      await other.close();
      assertEquals(await store.exists("/tool/x"), false);
    });
  });

  test("Daemon rejects invalid options", () => {
    assertThrows(() => new Daemon({ unsentMax: -1 }), RangeError, "unsentMax is -1");
    assertThrows(() => new Daemon({ quotas: { nodes: -1 } }), RangeError, "quota");
    assertThrows(() => new Daemon({ faults: { seed: 1, cut: 2 } }), RangeError, "cut is 2");
    const wrong = (options: unknown) => () => new Daemon(options as DaemonOptions);
    assertThrows(wrong({ unsentMax: "5" }), TypeError, 'unsentMax is "5": expected a number from 0');
    assertThrows(wrong({ log: "stdout" }), TypeError, 'log is "stdout": expected a function');
    assertThrows(wrong({ clock: { now: () => 0 } }), TypeError, "clock.after is undefined: expected a function");
    assertThrows(wrong({ faults: { seed: 1, conflicts: 0.5 } }), TypeError, 'faults: option "conflicts" is unknown');
  });

  test("the daemon accepts infinite limits, and a timer without end is set to the longest delay", async () => {
    const given: number[] = [];
    const real = globalThis.setTimeout;
    const timers = { set: (_callback: () => void, milliseconds: number) => void given.push(milliseconds) };
    globalThis.setTimeout = timers.set as unknown as typeof setTimeout;
    try {
      systemClock.after(Infinity, () => {});
      systemClock.after(5, () => {});
    } finally {
      globalThis.setTimeout = real;
    }
    assertEquals(given, [2147483647, 5]);
    await using _daemon = new Daemon({ unsentMs: Infinity, unsentMax: Infinity });
  });

  test("onIdle is called when the last connection ends", async () => {
    let idle = 0;
    await using daemon = new Daemon({ onIdle: () => idle++ });
    const [one, other] = [await connect(daemon.connect()), await connect(daemon.connect())];
    await one.close();
    await turn();
    assertEquals(idle, 0);
    await other.close();
    await turn();
    assertEquals(idle, 1);
  });
});

describe("a client in memory that sends requests without pause", () => {
  /** Sends requests until something has happened, or far too many were sent. */
  async function askUntil(store: Client, happened: () => boolean): Promise<void> {
    for (let i = 0; i < 5_000_000 && !happened(); i++) await store.exists("/tool");
    assert(happened());
  }

  test("timers fire while a client in memory sends requests without pause", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    let fired = false;
    setTimeout(() => fired = true, 0);
    await askUntil(store, () => fired);
  });

  test("a client on a socket is served while a client in memory sends requests without pause", async () => {
    await served(async (daemon, _path, outside) => {
      await using store = await connect(daemon.connect());
      let value = "";
      outside.write("/tool/a", "1").then(() => outside.readText("/tool/a")).then((text) => value = text);
      await askUntil(store, () => value !== "");
      assertEquals(value, "1");
    });
  });

  test("other clients connect and close while a client in memory sends requests without pause", async () => {
    await using daemon = new Daemon();
    await using asking = await connect(daemon.connect());
    let connected = 0;
    const others = async () => {
      for (; connected < 100; connected++) await (await connect(daemon.connect())).close();
    };
    const done = others();
    await askUntil(asking, () => connected === 100);
    await done;
  });
});

describe("a watching client and many concurrent writes", () => {
  test("a watching client gets all events of 1,000 concurrent writes, and stays connected", async () => {
    await served(async (daemon, path, store) => {
      await using near = await connect(daemon.connect());
      for (const address of [daemon.connect(), `unix:${path}`]) {
        await using watching = await connect(address);
        await watching.monitor().watch("/tool", "t".repeat(3900));
        for (const writing of [near, store]) {
          await Promise.all(Array.from({ length: 1000 }, (_, i) => writing.write(`/tool/a${i}`, "x")));
        }
        assertEquals(await watching.exists("/tool/a999"), true);
      }
    });
  });
});

describe("a guest", () => {
  test("a guest connects only after its domain was introduced", async () => {
    await using daemon = new Daemon();
    assertThrows(() => daemon.connect({ domid: 5 }), RangeError, "domain 5");
    daemon.introduceDomain(5);
    await using guest = await connect(daemon.connect({ domid: 5 }));
    assertEquals((await assertRejects(() => guest.introduceDomain(6, 1, 1), Error)).name, "XenStoreError");
  });

  test("every method rejects a domid that is not a whole number from 0 to 65535", async () => {
    await using daemon = new Daemon();
    for (const domid of [-1, 1.5, NaN, 65536]) {
      assertThrows(() => daemon.connect({ domid }), RangeError, `domid is ${domid}`);
      assertThrows(() => daemon.introduceDomain(domid), RangeError, `domid is ${domid}`);
      assertThrows(() => daemon.destroyDomain(domid), RangeError, `domid is ${domid}`);
      await assertRejects(() => daemon.listen("/none", { domid }), RangeError, `domid is ${domid}`);
    }
  });

  test("introduceDomain() rejects a domain that domainExists() denies", async () => {
    await using daemon = new Daemon({ domainExists: (domid) => domid === 5 });
    daemon.introduceDomain(5);
    assertThrows(() => daemon.introduceDomain(6), RangeError, "cannot introduce domain 6");
  });

  test("releasing, destroying or introducing a domain again resets its connections", async () => {
    await using daemon = new Daemon();
    for (const end of ["releaseDomain", "destroyDomain", "introduceDomain"] as const) {
      daemon.introduceDomain(5);
      const { client, loss } = await lost(daemon.connect({ domid: 5 }));
      daemon[end](5);
      assertEquals(codeOf(await loss), "ECONNRESET");
      await assertRejects(() => client.read("x"), ConnectionError);
      if (end !== "introduceDomain") assertThrows(() => daemon.connect({ domid: 5 }), RangeError);
    }
  });

  test("a guest's socket is removed when its domain is released", async () => {
    await served(async (daemon, path, store) => {
      daemon.introduceDomain(5);
      await store.write("/local/domain/5/name", "five");
      await store.setPerms("/local/domain/5/name", ["n0", "r5"]);
      const own = `${path}-5`;
      const listener = await daemon.listen(own, { domid: 5 });
      assertEquals(listener.path, own);
      const { client, loss } = await lost(`unix:${own}`);
      assertEquals(await client.readText("name"), "five");
      await store.releaseDomain(5);
      await loss;
      assertEquals(existsSync(own), false);
      await listener.close();
      assertEquals(await store.exists("/tool"), true);
    });
  });

  test("a guest's socket stays when its domain is introduced again", async () => {
    await served(async (daemon, path) => {
      daemon.introduceDomain(5);
      const own = `${path}-5`;
      await daemon.listen(own, { domid: 5 });
      for (let i = 0; i < 2; i++) {
        const { loss } = await lost(`unix:${own}`);
        daemon.introduceDomain(5);
        await loss;
      }
      (await connect(`unix:${own}`)).close();
      daemon.destroyDomain(5);
      assertEquals(existsSync(own), false);
    });
  });

  test("listen() rejects for a domain that is not introduced, or that is destroyed during the call", async () => {
    await inDirectory(async (directory) => {
      await using daemon = new Daemon();
      const path = join(directory, "socket");
      await assertRejects(() => daemon.listen(path, { domid: 5 }), RangeError, "domain 5");
      daemon.introduceDomain(5);
      const listening = daemon.listen(path, { domid: 5 });
      daemon.destroyDomain(5);
      await assertRejects(() => listening, ConnectionError, "domain 5 is gone");
      assertEquals(readdirSync(directory), []);
    });
  });

  test("@introduceDomain and @releaseDomain report each introduction, shutdown and release once", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await using monitor = store.monitor();
    await monitor.watch("@introduceDomain");
    await monitor.watch("@releaseDomain");
    const events = monitor[Symbol.asyncIterator]();
    const next = async () => {
      const { value } = await events.next();
      return value?.type === "change" ? value.path : value?.type;
    };
    assertEquals([await next(), await next()], ["@introduceDomain", "@releaseDomain"]);
    daemon.introduceDomain(5);
    assertEquals(await next(), "@introduceDomain");
    daemon.shutdownDomain(5);
    daemon.shutdownDomain(5);
    assertEquals(await next(), "@releaseDomain");
    daemon.releaseDomain(5);
    assertEquals(await next(), "@releaseDomain");
    daemon.destroyDomain(5);
    daemon.introduceDomain(6);
    assertEquals(await next(), "@introduceDomain");
  });

  test("releaseDomain() and shutdownDomain() throw for an unknown domain and for domain 0", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    assertThrows(() => daemon.releaseDomain(5), RangeError, "cannot release domain 5: it is not introduced");
    assertThrows(() => daemon.shutdownDomain(5), RangeError, "cannot shut down domain 5");
    assertThrows(() => daemon.releaseDomain(0), RangeError, "it is the control domain");
    daemon.introduceDomain(0);
    daemon.destroyDomain(0);
    assertEquals(await store.exists("/tool"), true);
  });
});

describe("close()", () => {
  test("close() ends all connections and sockets, and may be called again", async () => {
    await inDirectory(async (directory) => {
      const daemon = new Daemon();
      const paths = [join(directory, "a"), join(directory, "b")];
      for (const path of paths) await daemon.listen(path);
      const clients = await Promise.all([...paths.map((path) => lost(`unix:${path}`)), lost(daemon.connect())]);
      await Promise.all([daemon.close(), daemon.close()]);
      await Promise.all(clients.map(({ loss }) => loss));
      await daemon[Symbol.asyncDispose]();
      assertEquals(readdirSync(directory), []);
    });
  });

  test("after close(), connect() and listen() fail with a ConnectionError", async () => {
    await inDirectory(async (directory) => {
      const daemon = new Daemon();
      const listening = daemon.listen(join(directory, "early"));
      await daemon.close();
      await assertRejects(() => listening, ConnectionError, "the daemon was closed");
      assertThrows(() => daemon.connect(), ConnectionError, "cannot connect: the daemon was closed");
      await assertRejects(() => daemon.listen(join(directory, "late")), ConnectionError, "the daemon was closed");
      assertEquals(readdirSync(directory), []);
    });
  });

  test("closing one listener leaves the other sockets open", async () => {
    await served(async (daemon, path, store) => {
      const other = await daemon.listen(`${path}-other`);
      const { loss } = await lost(`unix:${other.path}`);
      await other.close();
      await other.close();
      await loss;
      assertEquals(await store.exists("/tool"), true);
      await daemon.listen(other.path);
    });
  });
});

describe("a daemon whose client on a socket misbehaves", () => {
  test("an incomplete request of one client does not delay another client", async () => {
    await served(async (_daemon, path, store) => {
      const bytes = request(1, "/tool");
      for (const cut of [1, 8, 16, 20]) {
        const socket = await openSocket(path);
        await write(socket, bytes.subarray(0, cut));
        await store.write("/tool/x", `${cut}`);
        await write(socket, bytes.subarray(cut));
        assertEquals(decodeHeader(await readBytes(socket, HEADER_SIZE)).type, Operation.READ);
        socket.destroy();
      }
    });
  });

  test("a header that announces more than 4096 bytes closes the connection immediately, without a reply", async () => {
    await served(async (_daemon, path, store) => {
      const socket = await openSocket(path);
      let received = 0;
      socket.on("data", ({ length }: Uint8Array) => received += length);
      const end = closed(socket);
      await write(socket, request(1, "x".repeat(4096), Operation.DIRECTORY).subarray(0, HEADER_SIZE));
      await end;
      assertEquals(received, 0);
      assertEquals(await store.exists("/tool"), true);
    });
  });

  test("requests that were sent before the client closed are carried out", async () => {
    await served(async (_daemon, path, store) => {
      await using monitor = store.monitor();
      await monitor.watch("/tool/last");
      const socket = await openSocket(path);
      socket.end(encodePacket(Operation.WRITE, 1, 0, ["/tool/last", new TextEncoder().encode("words")]));
      await store.waitFor("/tool/last", (value) => value !== null);
      assertEquals(await store.readText("/tool/last"), "words");
      await closed(socket);
    });
  });

  test("a client that never reads its events is disconnected at 1 MiB, and others get every event (XSA-326)", async () => {
    await served(async (_daemon, path, store) => {
      const stuck = await openSocket(path);
      await write(stuck, encodePacket(Operation.WATCH, 1, 0, ["/tool", BIG]));
      const end = new Promise<void>((resolve) => stuck.once("close", () => resolve()));
      // The socket reports its end only after it was read to the end.
      await using other = await connect(`unix:${path}`);
      await using monitor = other.monitor();
      await monitor.watch("/tool");
      for (let i = 0; i < 1000; i++) await store.write(`/tool/${i}`, "x");
      stuck.resume();
      await end;
      const seen = new Set<string>();
      for await (const event of monitor) {
        if (event.type === "change") seen.add(event.path);
        if (seen.has("/tool/999")) break;
      }
      assertEquals(seen.size, 1001);
    });
  });

  test("a client that never reads its replies is disconnected after 20 seconds (XSA-326)", async () => {
    const clock = new ManualClock();
    await served(async (_daemon, path, store) => {
      await store.write("/tool/big", BIG);
      const stuck = await openSocket(path);
      const end = new Promise<void>((resolve) => stuck.once("close", () => resolve()));
      const asking = request(1, "/tool/big");
      stuck.write(concat(Array.from({ length: 5000 }, () => asking)));
      while (clock.waiting === 0) await store.exists("/tool");
      clock.pass(19_999);
      assert(clock.waiting > 0);
      clock.pass(1);
      assertEquals(clock.waiting, 0);
      stuck.resume();
      await end;
      assertEquals(await store.exists("/tool"), true);
    }, { clock });
  });

  test("2,000 requests that were sent together are all answered, in order", async () => {
    await served(async (_daemon, path, store) => {
      await store.write("/tool/big", BIG);
      const socket = await openSocket(path);
      const asking = concat(Array.from({ length: 2000 }, (_, i) => request(i, "/tool/big")));
      const written = write(socket, asking);
      const replies = await readBytes(socket, 2000 * (HEADER_SIZE + BIG.length));
      await written;
      for (let i = 0; i < 2000; i++) {
        assertEquals(decodeHeader(replies, i * (HEADER_SIZE + BIG.length)).requestId, i);
      }
      socket.destroy();
    });
  });

  test("the daemon serves a client while 1,000 idle clients are connected", async () => {
    const clock = new ManualClock();
    await served(async (_daemon, path, store) => {
      const sockets: Socket[] = [];
      while (sockets.length < 1000) {
        sockets.push(...await Promise.all(Array.from({ length: 250 }, () => openSocket(path))));
      }
      await store.write("/tool/x", "1");
      assertEquals(clock.waiting, 0);
      for (const socket of sockets) socket.destroy();
    }, { clock });
  });
});

describe("a daemon whose guest misbehaves", () => {
  test("a guest that waits for its unread events continues after they were read (XSA-326)", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await store.mkdir("/local/domain/5/data");
    await store.setPerms("/local/domain/5/data", ["n5"]);
    daemon.introduceDomain(5);
    await using guest = await connect(daemon.connect({ domid: 5 }));
    // This connection watches, and reads only after start().
    const watching = daemon.connect();
    watching.send(encodePacket(Operation.WATCH, 1, 0, ["/local", "token"]));
    for (let i = 0; i < 20; i++) watching.send(encodePacket(Operation.WATCH, 2, 0, ["/none", `${i}${BIG}`]));
    await turn();
    const writes = Array.from({ length: 100 }, (_, i) => guest.write(`data/${i}`, "x"));
    let done = 0;
    for (const written of writes) void written.then(() => done++);
    await store.write("/tool/x", "1");
    await turn();
    assertEquals(done, 20);
    watching.start({ receive: () => {}, ended: () => {} });
    await Promise.all(writes);
    await watching.close();
  });
});
