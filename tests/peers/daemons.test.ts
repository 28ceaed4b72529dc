// The real daemons and their guests run here, and the stand-in behaves like the XenBus device.

import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { test } from "node:test";
import process from "node:process";
import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { missingPeers, type RealStore, startOxenstored, startXenbus, startXenstored } from "./daemons.ts";
import { type Frame, frame, OP, takeFrames, Wire } from "./frames.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { timeout } from "../support/limits.ts";

const missing = missingPeers();
const skip = missing ?? false;
test("the packages for tests with real daemons are installed", { skip: process.env["CI"] ? false : skip }, () => {
  assertEquals(missing, null);
});

for (const [name, start] of [["xenstored", startXenstored], ["oxenstored", startOxenstored]] as const) {
  const store = (title: string, body: (store: RealStore, dom0: Wire) => Promise<void>): void => {
    test(`${name}: ${title}`, { skip, timeout }, async () => {
      await using running = await start();
      await using dom0 = await Wire.open(running.socket);
      await body(running, dom0);
    });
  };

  store("a client of the socket is domain 0", async (_, dom0) => {
    assertEquals(await dom0.call(OP.READ, "/|"), "");
    assertEquals(await dom0.call(OP.WRITE, "/a|value"), "OK|");
    assertEquals(await dom0.call(OP.READ, "/a|"), "value");
    assertEquals(await dom0.call(OP.READ, "/b|"), "!ENOENT|");
  });

  store("a client of a guest's socket is that guest", async (store, dom0) => {
    await home(dom0, 5);
    await dom0.call(OP.WRITE, "/hidden|secret");
    await using guest = await introduce(store, dom0, 5);
    assertEquals(await guest.call(OP.READ, "domid|"), "5");
    assertEquals(await guest.call(OP.READ, "/hidden|"), "!EACCES|");
    assertEquals(await guest.call(OP.INTRODUCE, "6|1|1|"), "!EACCES|");
    assertEquals(await guest.call(OP.WRITE, "data|from the guest"), "OK|");
    assertEquals(await dom0.call(OP.READ, "/local/domain/5/data|"), "from the guest");
  });

  store("messages that exceed the ring arrive, divided at any byte", async (store, dom0) => {
    await home(dom0, 5);
    await using guest = await introduce(store, dom0, 5);
    const value = "0123456789".repeat(180);
    assertEquals(await guest.call(OP.WRITE, `data|${value}`), "OK|");
    for (const byte of frame(OP.READ, 77, "data|")) guest.send(Buffer.from([byte]));
    assertEquals(await guest.next(), { op: OP.READ, id: 77, text: value });
    const requests = Array.from({ length: 100 }, (_, i) => frame(OP.READ, i, "data|"));
    guest.send(Buffer.concat(requests));
    for (let i = 0; i < 100; i++) assertEquals(await guest.next(), { op: OP.READ, id: i, text: value });
  });

  store("a new connection of a guest gets nothing of the former one", async (store, dom0) => {
    await home(dom0, 5);
    const first = await introduce(store, dom0, 5);
    await first.call(OP.WATCH, "data|token|");
    assertEquals(await first.event(), "data|token|");
    assertEquals(await first.call(OP.TRANSACTION_START, "|"), "1|");
    // The former connection leaves an unread reply, an event, and a part of a request.
    first.send(
      Buffer.concat([
        frame(OP.READ, 50, "domid|"),
        frame(OP.WRITE, 51, "data|x"),
        frame(OP.WRITE, 52, "data|never", 4000),
      ]),
    );
    await using watcher = await Wire.open(store.socket);
    await watcher.call(OP.WATCH, "/local/domain/5/data|w|");
    await first.close();
    await using second = await Wire.open(store.domainSocket(5));
    second.send(frame(OP.READ, 99, "domid|"));
    assertEquals(await second.next(), { op: OP.READ, id: 99, text: "5" });
    assertNotEquals(await dom0.call(OP.READ, "/local/domain/5/data|"), "never");
    await dom0.call(OP.WRITE, "/local/domain/5/data|z");
    second.send(frame(OP.READ, 100, "data|"));
    assertEquals(await second.next(), { op: OP.READ, id: 100, text: "z" });
  });

  store("a guest that sent an invalid message can connect after RELEASE and INTRODUCE", async (store, dom0) => {
    await home(dom0, 5);
    const broken = await introduce(store, dom0, 5);
    broken.send(frame(OP.READ, 1, "domid|", 5000));
    await broken.close();
    assertEquals(await dom0.call(OP.RELEASE, "5|"), "OK|");
    await home(dom0, 5);
    await using guest = await introduce(store, dom0, 5);
    assertEquals(await guest.call(OP.READ, "domid|"), "5");
  });

  store("a guest can close its connection after any byte", async (store, dom0) => {
    await home(dom0, 5);
    await (await introduce(store, dom0, 5)).close();
    const requests = [frame(OP.READ, 1, "domid|"), frame(OP.WATCH, 2, "data|t|"), frame(OP.TRANSACTION_START, 3, "|")];
    const bytes = Buffer.concat(requests);
    for (let cut = 0; cut <= bytes.length; cut++) {
      await using first = await Wire.open(store.domainSocket(5));
      first.send(bytes.subarray(0, cut));
      await dom0.call(OP.WRITE, "/local/domain/5/data|x");
      await first.close();
      await using second = await Wire.open(store.domainSocket(5));
      second.send(frame(OP.READ, 1000 + cut, "domid|"));
      assertEquals(await second.next(), { op: OP.READ, id: 1000 + cut, text: "5" });
    }
  });

  store(
    "shutdownDomain() and destroyDomain() fire @releaseDomain, and destroyDomain() closes the guest's connection",
    async (store, dom0) => {
      await home(dom0, 5);
      await using guest = await introduce(store, dom0, 5);
      await dom0.call(OP.WATCH, "@releaseDomain|r|");
      assertEquals(await dom0.event(), "@releaseDomain|r|");
      await store.shutdownDomain(5);
      assertEquals(await dom0.event(), "@releaseDomain|r|");
      assertEquals(await guest.call(OP.READ, "domid|"), "5");
      await store.destroyDomain(5);
      assertEquals(await dom0.event(), "@releaseDomain|r|");
      assertEquals(await guest.next(), null);
      assertEquals(codeOf(await assertRejects(() => Wire.open(store.domainSocket(5)))), "ENOENT");
    },
  );

  store("a domid can be used again by a new domain", async (store, dom0) => {
    await home(dom0, 5);
    await using first = await introduce(store, dom0, 5);
    await store.destroyDomain(5);
    assertEquals(await first.next(), null);
    store.createDomain(5);
    await home(dom0, 5);
    await using second = await introduce(store, dom0, 5);
    assertEquals(await second.call(OP.READ, "domid|"), "5");
  });

  store("a domain can be introduced again after its RELEASE", async (store, dom0) => {
    await home(dom0, 5);
    await using first = await introduce(store, dom0, 5);
    assertEquals(await dom0.call(OP.RELEASE, "5|"), "OK|");
    // oxenstored keeps the ring of a released domain, but sends no reply there.
    if (name === "xenstored") assertEquals(await first.next(), null);
    await home(dom0, 5);
    await using second = await introduce(store, dom0, 5);
    assertEquals(await first.next(), null);
    assertEquals(await second.call(OP.READ, "domid|"), "5");
  });

  store("INTRODUCE of a known domain closes its connection, and the guest can connect again", async (store, dom0) => {
    await home(dom0, 5);
    await using first = await introduce(store, dom0, 5);
    assertEquals(await first.call(OP.READ, "domid|"), "5");
    await using second = await introduce(store, dom0, 5);
    assertEquals(await first.next(), null);
    assertEquals(await second.call(OP.READ, "domid|"), "5");
  });

  store("20 guests send requests concurrently", async (store, dom0) => {
    const domids = Array.from({ length: 20 }, (_, i) => i + 1);
    const guests: Wire[] = [];
    for (const domid of domids) {
      await home(dom0, domid);
      guests.push(await introduce(store, dom0, domid));
    }
    const rounds = await Promise.all(guests.map(async (guest) => {
      let said = "";
      for (let i = 0; i < 20; i++) said = await guest.call(OP.READ, "domid|");
      return said;
    }));
    assertEquals(rounds, domids.map(String));
    for (const guest of guests) await guest.close();
  });

  store("kill() ends the daemon and its connections", async (store, dom0) => {
    await using guest = await introduce(store, dom0, 5);
    await store.kill();
    assertEquals(await dom0.next(), null);
    assertEquals(await guest.next(), null);
    assertEquals(codeOf(await assertRejects(() => Wire.open(store.socket))), "ECONNREFUSED");
    assertEquals(codeOf(assertThrows(() => process.kill(store.pid, 0))), "ESRCH");
    await store.kill();
  });
}

test("several daemons run concurrently, and stop() removes their files", { skip, timeout }, async () => {
  const stores = await Promise.all([
    startXenstored(),
    startOxenstored(),
    startXenstored(),
    startOxenstored({ cpu: 0 }),
  ]);
  for (const [i, store] of stores.entries()) {
    await using dom0 = await Wire.open(store.socket);
    assertEquals(await dom0.call(OP.WRITE, `/mine|${i}`), "OK|");
  }
  for (const [i, store] of stores.entries()) {
    await using dom0 = await Wire.open(store.socket);
    assertEquals(await dom0.call(OP.READ, "/mine|"), String(i));
  }
  for (const store of stores) {
    await store.stop();
    await store.stop();
    assertEquals(codeOf(assertThrows(() => accessSync(store.socket))), "ENOENT");
  }
});

function device(title: string, body: (path: string, store: RealStore) => Promise<void>): void {
  test(`the stand-in: ${title}`, { skip, timeout }, async () => {
    await using store = await startXenstored();
    await using xenbus = await startXenbus(store.socket);
    await body(xenbus.path, store);
  });
}

device("the device loses the second of two messages in one write", async (path) => {
  await using file = await open(path, "r+");
  const both = Buffer.concat([frame(OP.MKDIR, 1, "/first|"), frame(OP.MKDIR, 2, "/second|")]);
  assertEquals((await file.write(both)).bytesWritten, both.length);
  assertEquals(await ask(file, frame(OP.DIRECTORY, 3, "/|")), [
    { op: OP.MKDIR, id: 1, text: "OK|" },
    { op: OP.DIRECTORY, id: 3, text: "tool|first|" },
  ]);
});

device("the device joins the parts of a message from several writes", async (path) => {
  await using file = await open(path, "r+");
  const whole = frame(OP.WRITE, 1, "/a|value");
  for (const [from, to] of [[0, 5], [5, 16], [16, 18]] as const) await file.write(whole.subarray(from, to));
  assertEquals(await ask(file, whole.subarray(18)), [{ op: OP.WRITE, id: 1, text: "OK|" }]);
});

device("the device rejects a message of more than 4096 bytes, and accepts the next one", async (path) => {
  await using file = await open(path, "r+");
  const largest = frame(OP.WRITE, 1, "/a|".padEnd(4080, "x"));
  assertEquals(codeOf(await assertRejects(() => file.write(Buffer.concat([largest, largest])))), "EINVAL");
  assertEquals(codeOf(await assertRejects(() => file.write(frame(OP.WRITE, 2, "", 4081)))), "E2BIG");
  assertEquals(await ask(file, largest), [{ op: OP.WRITE, id: 1, text: "OK|" }]);
});

device("the device fails a read with EAGAIN under O_NONBLOCK if nothing is queued", async (path) => {
  await using file = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
  assertEquals(codeOf(await assertRejects(() => file.read(Buffer.alloc(4096), 0, 4096, null))), "EAGAIN");
});

device("pending reads of 24 processes do not delay another process, and end on a signal", async (path) => {
  const readers = Array.from({ length: 24 }, () => waitingReader(path));
  await Promise.all(readers.map((reader) => reader.opened));
  await using file = await open(path, "r+");
  assertEquals(await ask(file, frame(OP.READ, 1, "/|")), [{ op: OP.READ, id: 1, text: "" }]);
  for (const reader of readers) reader.process.kill("SIGTERM");
  assertEquals(
    new Set(await Promise.all(readers.map((reader) => reader.ended))),
    new Set<NodeJS.Signals | null>(["SIGTERM"]),
  );
});

device("a pending read gets an event of its own open file", async (path, store) => {
  await using file = await open(path, "r+");
  await ask(file, frame(OP.WATCH, 1, "/watched|token|"), 2);
  const waiting = file.read(Buffer.alloc(4096), 0, 4096, null);
  await using dom0 = await Wire.open(store.socket);
  await dom0.call(OP.WRITE, "/watched|x");
  const { bytesRead, buffer } = await waiting;
  assertEquals(takeFrames(buffer.subarray(0, bytesRead)).frames[0]?.text, "/watched|token|");
});

test("the stand-in: the device accepts 6,000 writes before the replies are read", { skip, timeout }, async () => {
  await using store = await startOxenstored();
  await using xenbus = await startXenbus(store.socket);
  await using file = await open(xenbus.path, "r+");
  const ids = Array.from({ length: 3000 }, (_, id) => id);
  for (const id of ids) await file.write(frame(OP.WRITE, id, `/many/${id}|${"x".repeat(1000)}`));
  for (const id of ids) await file.write(frame(OP.READ, id, `/many/${id}|`));
  let rest: Buffer = Buffer.alloc(0);
  const answered: number[] = [];
  while (answered.length < 2 * ids.length) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(65536), 0, 65536, null);
    const taken = takeFrames(Buffer.concat([rest, buffer.subarray(0, bytesRead)]));
    rest = taken.rest;
    for (const reply of taken.frames) answered.push(reply.id);
  }
  assertEquals(answered, [...ids, ...ids]);
});

device("poll() reports input only", async (path) => {
  const script = `import os,select,struct,sys
fd=os.open(sys.argv[1],os.O_RDWR); p=select.poll(); p.register(fd,select.POLLIN|select.POLLOUT)
before=p.poll(0); os.write(fd,struct.pack('<4I',2,1,0,2)+b'/\\0'); after=p.poll(300000)
sys.exit(0 if before==[] and after==[(fd,select.POLLIN)] else 'before %r after %r' % (before,after))`;
  const python = spawn("/usr/bin/python3", ["-c", script, path], { stdio: ["ignore", "inherit", "inherit"] });
  assertEquals(await new Promise((resolve) => python.once("exit", resolve)), 0);
});

/** Creates a guest's home, with its `domid`, and a `data` node that the guest may write. */
async function home(dom0: Wire, domid: number): Promise<void> {
  const path = `/local/domain/${domid}`;
  assertEquals(await dom0.call(OP.WRITE, `${path}/domid|${domid}`), "OK|");
  assertEquals(await dom0.call(OP.MKDIR, `${path}/data|`), "OK|");
  await dom0.call(OP.SET_PERMS, `${path}/domid|n0|r${domid}|`);
  await dom0.call(OP.SET_PERMS, `${path}/data|n0|b${domid}|`);
}

/** Introduces a domain, and connects as this guest. */
async function introduce(store: RealStore, dom0: Wire, domid: number): Promise<Wire> {
  assertEquals(await dom0.call(OP.INTRODUCE, `${domid}|1|1|`), "OK|");
  return Wire.open(store.domainSocket(domid));
}

/** Writes one message. Reads `count` frames or, without a count, until the reply. */
async function ask(file: FileHandle, message: Buffer, count?: number): Promise<Frame[]> {
  await file.write(message);
  const id = count === undefined && message.length >= 16 ? message.readUInt32LE(4) : undefined;
  let bytes = Buffer.alloc(0);
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4096), 0, 4096, null);
    bytes = Buffer.concat([bytes, buffer.subarray(0, bytesRead)]);
    const { frames } = takeFrames(bytes);
    if (id === undefined ? frames.length >= (count ?? 1) : frames.some((reply) => reply.id === id)) return frames;
  }
}

interface Reader {
  readonly process: ChildProcess;
  /** Resolves after the process has opened the file. It then reads. */
  readonly opened: Promise<void>;
  /** The signal that ended the process. */
  readonly ended: Promise<NodeJS.Signals | null>;
}

function waitingReader(path: string): Reader {
  const child = spawn("sh", ["-c", 'exec 3<"$1"; echo opened; exec head -c 1 <&3', "sh", path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return {
    process: child,
    opened: new Promise((resolve) => child.stdout.once("data", () => resolve())),
    ended: new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal))),
  };
}
