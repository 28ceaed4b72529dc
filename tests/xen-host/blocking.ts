// The blocking calls over the real XenBus device, by each transport of the runtime.

import process from "node:process";
import { test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type BlockingKind, Error as XsError, xs } from "../../compat/xs.ts";
import { Client } from "../../compat/pyxs.ts";
import { timeout } from "../support/limits.ts";

const place = process.env.TSXS_XEN;
if (place !== "dom0" && place !== "guest") {
  throw new Error(`TSXS_XEN is ${place}: expected "dom0" or "guest"`);
}
const inDom0 = place === "dom0";
const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const address = "xenbus:/dev/xen/xenbus";
const kinds: readonly BlockingKind[] = runtime === "node" ? ["descriptor", "worker"] : ["ffi", "descriptor", "worker"];
/** The path in a guest is relative to its home, in which the guest may write to `data`. */
const base = `${inDom0 ? "/tool" : "data"}/tsxs-blocking-${runtime}`;

for (const transport of kinds) {
  const open = (): xs => xs({ address, transport });
  const named = (what: string): string => `${place}, device by ${transport}: ${what}`;

  test(named("a handle reads, writes, lists and removes nodes"), { timeout }, () => {
    using h = open();
    assertEquals([h.transport, h.address], [transport, address]);
    h.write("0", `${base}/a`, "bar");
    assertEquals(h.read("", `${base}/a`), "bar");
    h.write("0", `${base}/a`, new Uint8Array([0, 255, 10, 0]));
    h.write("0", `${base}/b`, h.read("0", `${base}/a`) ?? "");
    assertEquals(h.read("0", `${base}/b`), "\0\udcff\n\0");
    h.mkdir("0", `${base}/c`);
    assertEquals(h.ls("0", base)?.sort(), ["a", "b", "c"]);
    assertEquals([h.ls("0", `${base}/c`), h.read("0", `${base}/c`)], [[], ""]);
    h.rm("0", `${base}/c`);
    assert(h.get_permissions("0", base).length > 0);
    assertEquals(h.get_domain_path(3), "/local/domain/3");
    h.rm("0", base);
    // A guest gets ENOENT only below its own nodes.
    if (inDom0) assertEquals([h.read("0", base), h.ls("0", base)], [null, null]);
  });

  test(named("a handle accepts values that fit a message, and rejects others"), { timeout }, () => {
    using h = open();
    const path = `${base}/long`;
    // A guest's quota is 2048 bytes, including the header of a node.
    const size = inDom0 ? 4080 - path.length - 1 : 1900;
    h.write("0", path, new Uint8Array(size).fill(7));
    assertEquals(h.read("0", path)?.length, size);
    assertThrows(() => h.write("0", path, new Uint8Array(4080)), XsError);
    assertEquals(h.read("0", path)?.length, size);
    h.rm("0", base);
  });

  test(named("transaction_end() commits, reports conflicts and aborts"), { timeout }, () => {
    using h = open();
    using other = open();
    h.write("0", `${base}/a`, "0");
    const first = h.transaction_start();
    assertEquals(h.read(first, `${base}/a`), "0");
    h.write(first, `${base}/a`, "1");
    assertEquals(other.read("0", `${base}/a`), "0");
    assertEquals(h.transaction_end(first), true);
    assertEquals(other.read("0", `${base}/a`), "1");
    assertEquals(h.read(first, `${base}/a`), null);
    const second = h.transaction_start();
    h.read(second, `${base}/a`);
    other.write("0", `${base}/a`, "2");
    h.write(second, `${base}/a`, "3");
    assertEquals(h.transaction_end(second), false);
    const third = h.transaction_start();
    h.write(third, `${base}/a`, "4");
    assertEquals(h.transaction_end(third, 1), true);
    assertEquals(h.read("0", `${base}/a`), "2");
    h.rm("0", base);
  });

  test(named("a handle gets its own and others' events with their token objects"), { timeout }, () => {
    using h = open();
    using other = open();
    const [one, two] = [{}, {}];
    h.write("0", `${base}/w`, "0");
    h.watch(`${base}/w`, one);
    h.watch(`${base}/w`, two);
    const tokens = new Set([h.read_watch()[1], h.read_watch()[1]]);
    assertEquals([tokens.has(one), tokens.has(two), h.check_watch()], [true, true, null]);
    h.unwatch(`${base}/w`, two);
    other.write("0", `${base}/w/below`, "1");
    assertEquals(h.wait_watch(timeout / 1000), true);
    const event = h.read_watch();
    assert(event[0].endsWith(`${base}/w/below`) && event[1] === one, String(event[0]));
    for (let i = 0; i < 100; i++) h.write("0", `${base}/w/${i % 5}`, `${i}`);
    h.write("0", `${base}/w/last`, "1");
    // The kernel delivers events late, but in order.
    for (let path = ""; !path.endsWith("/last");) path = h.read_watch()[0];
    assertEquals(h.check_watch(), null);
    assertEquals(h.wait_watch(0.01), false);
    // The device answers for watches that it does not have. The store rejects the invalid path.
    assertThrows(() => h.watch("no path", one), XsError);
    h.unwatch(`${base}/w`, one);
    h.rm("0", base);
  });

  test(named("the Client and the Monitor of pyxs work"), { timeout }, () => {
    using c = new Client({ address, transport });
    using m = c.monitor();
    m.watch(base, "token");
    c.write(`${base}/p`, "1");
    assertEquals(c.read(`${base}/p`), "1");
    const events = m.wait();
    let last = events.next().value;
    while (last !== undefined && !last.path.endsWith("/p")) last = events.next().value;
    assertEquals(last?.token, "token");
    c.delete(base);
  });
}

test(`${place}: xs() finds the store, and the handle may stay open`, { timeout }, () => {
  const h = xs();
  assert(h.address === address || inDom0, h.address);
  h.watch(base, null);
  assertEquals(h.read_watch()[1], null);
});
