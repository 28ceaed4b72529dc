// Injected faults: they occur with their probability, and repeat with the same seed.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Client, connect, ConnectionError, type MonitorEvent } from "../../../mod.ts";
import { type FaultOptions, Faults } from "../../../src/daemon/lines/faults.ts";
import { Daemon } from "../../../src/daemon/mod.ts";
import { ManualClock, request, Rig, turn } from "../../support/line.ts";

const DRAWS = 10_000;
const all: FaultOptions = {
  seed: 1,
  conflict: 0.1,
  delay: { probability: 0.2, milliseconds: 5 },
  cut: 0.3,
  spuriousEvents: 0.4,
};

/** Draws one fault of each kind, so many times. */
function draw(options: FaultOptions, count: number): string[] {
  const faults = new Faults(options);
  return Array.from({ length: count }, () => {
    return [faults.conflicts(), faults.delay(), faults.cut(), faults.spurious(3)].join(" ");
  });
}

async function withClient(faults: FaultOptions, run: (store: Client, daemon: Daemon) => Promise<void>): Promise<void> {
  await using daemon = new Daemon({ faults });
  await using store = await connect(daemon.connect());
  await run(store, daemon);
}

describe("faults", () => {
  test("faults repeat with the same seed, and differ with another seed", () => {
    assertEquals(draw(all, 100), draw(all, 100));
    assert(draw(all, 100).join() !== draw({ ...all, seed: 2 }, 100).join());
  });

  test("faults of one kind do not depend on the other kinds", () => {
    const conflicts = (options: FaultOptions) => draw(options, 100).map((drawn) => drawn.split(" ")[0]);
    assertEquals(conflicts(all), conflicts({ seed: 1, conflict: 0.1 }));
  });

  test("faults occur with their probability, and never without one", () => {
    const drawn = draw(all, DRAWS).map((line) => line.split(" "));
    const share = (column: number, none: string) => drawn.filter((line) => line[column] !== none).length / DRAWS;
    for (const [column, none, wanted] of [[0, "false", 0.1], [1, "0", 0.2], [2, "", 0.3], [3, "-1", 0.4]] as const) {
      const found = share(column, none);
      assert(Math.abs(found - wanted) < 0.02, `column ${column} has ${found}`);
    }
    assertEquals(new Set(drawn.map((line) => line[3])), new Set(["-1", "0", "1", "2"]));
    const before = drawn.filter((line) => line[2] === "before").length / DRAWS;
    assert(Math.abs(before - 0.15) < 0.02, `${before} are cut before`);
    assertEquals(new Set(draw({ seed: 1 }, DRAWS)), new Set(["false 0  -1"]));
  });

  test("Daemon rejects a fault option whose number is out of range", () => {
    assertThrows(() => new Daemon({ faults: { seed: 0.5 } }), RangeError, "seed is 0.5");
    assertThrows(() => new Daemon({ faults: { seed: 1, conflict: -1 } }), RangeError, "conflict is -1");
    assertThrows(() => new Daemon({ faults: { seed: 1, cut: NaN } }), RangeError, "cut is NaN");
    const delay = { probability: 2, milliseconds: 1 };
    assertThrows(() => new Daemon({ faults: { seed: 1, delay } }), RangeError, "delay.probability is 2");
    assertThrows(
      () => new Daemon({ faults: { seed: 1, delay: { probability: 1, milliseconds: -1 } } }),
      RangeError,
      "milliseconds",
    );
    assertThrows(
      () => new Daemon({ faults: { seed: 1, delay: { probability: 1, milliseconds: 3e9 } } }),
      RangeError,
      "delay.milliseconds is 3000000000: expected a number from 0 to 2147483647",
    );
  });

  test("Daemon rejects an unknown fault option and one of the wrong type", () => {
    const wrong = (options: unknown) => () => new Daemon({ faults: options as FaultOptions });
    const conflicts = 'faults: option "conflicts" is unknown: did you mean "conflict"?';
    assertThrows(wrong({ seed: 1, conflicts: 0.5 }), TypeError, conflicts);
    assertThrows(wrong({ seed: 1, delay: { ms: 5 } }), TypeError, 'delay: option "ms" is unknown: did you mean');
    assertThrows(wrong({ seed: 1, delay: { milliseconds: 5 } }), TypeError, "delay.probability is undefined");
    assertThrows(wrong({ seed: 1, cut: "0.5" }), TypeError, 'cut is "0.5": expected a number from 0 to 1');
    assertThrows(wrong(null), TypeError, "faults: options are an object: got null");
  });
});

describe("a daemon with faults", () => {
  test("injected conflicts fail commits with EAGAIN, and transact() retries them", async () => {
    await withClient({ seed: 3, conflict: 0.5 }, async (store) => {
      let conflicts = 0;
      for (let i = 0; i < 20; i++) {
        const transaction = await store.transaction();
        await transaction.write("/tool/x", `${i}`);
        if (!await transaction.commit()) conflicts++;
      }
      assert(conflicts > 4 && conflicts < 16, `${conflicts} failed`);
      await store.transact((transaction) => transaction.write("/tool/y", "1"), {
        attempts: 50,
        backoff: { initial: 0, max: 0 },
      });
      assertEquals(await store.readText("/tool/y"), "1");
    });
  });

  test("an injected delay delays a request and the requests after it, by the daemon's clock", () => {
    const rig = new Rig({}, { seed: 1, delay: { probability: 1, milliseconds: 50 } });
    const line = rig.open();
    line.send(request(1));
    line.send(request(2));
    assertEquals(line.received, []);
    rig.clock.pass(50);
    assertEquals(line.received, ["READ 1 /a|"]);
    rig.clock.pass(49);
    assertEquals(line.received.length, 1);
    rig.clock.pass(1);
    assertEquals(line.received, ["READ 1 /a|", "READ 2 /a|"]);
  });

  test("an injected delay delays only its own connection", () => {
    const rig = new Rig({}, { seed: 5, delay: { probability: 0.5, milliseconds: 50 } });
    const lines = Array.from({ length: 100 }, () => rig.open());
    for (const line of lines) line.send(request(1));
    const answered = lines.filter(({ received }) => received.length === 1).length;
    assert(answered > 30 && answered < 70, `${answered} were answered`);
    assertEquals(rig.clock.waiting, 100 - answered);
  });

  test("an injected cut ends the connection without a reply", async () => {
    const clock = new ManualClock();
    await using daemon = new Daemon({ clock, faults: { seed: 1, cut: 0.3 } });
    const log = daemon.operations({ limit: 10_000 });
    let [cut, done] = [0, 0];
    for (let i = 0; i < 100; i++) {
      const client = await connect(daemon.connect());
      const failed = await client.write(`/tool/${i}`, "x").then(() => false, () => true);
      if (failed) cut++;
      await client.close();
    }
    assert(cut > 15 && cut < 45, `${cut} were cut`);
    await daemon.close();
    for await (const event of log) if (event.type === "operation" && event.reply !== null) done++;
    assertEquals(done, 100 - cut);
  });

  test("an injected cut carries out about half of the requests that it does not answer", async () => {
    await using daemon = new Daemon({ faults: { seed: 1, cut: 0.5 } });
    const [cut, written]: [number[], number[]] = [[], []];
    const attempt = async <T>(run: (client: Client) => Promise<T>): Promise<T | null> => {
      const client = await connect(daemon.connect());
      try {
        return await run(client);
      } catch (error) {
        if (error instanceof ConnectionError) return null;
        throw error;
      } finally {
        await client.close();
      }
    };
    for (let i = 0; i < 60; i++) {
      if (await attempt((client) => client.write(`/tool/${i}`, "x").then(() => true)) !== null) continue;
      cut.push(i);
      let found: boolean | null = null;
      while (found === null) found = await attempt((client) => client.exists(`/tool/${i}`));
      if (found) written.push(i);
    }
    assert(cut.length > 15 && written.length > 5 && written.length < cut.length - 5, `${written.length}/${cut.length}`);
  });

  test("spurious events repeat watches whose nodes did not change", async () => {
    await withClient({ seed: 1, spuriousEvents: 0.5 }, async (store) => {
      await using monitor = store.monitor();
      await monitor.watch("/tool/a", "a");
      await monitor.watch("relative", "b");
      const seen: MonitorEvent[] = [];
      const counts = () => new Set(seen.map((event) => event.type === "change" ? `${event.path} ${event.token}` : ""));
      const events = monitor[Symbol.asyncIterator]();
      for (let i = 0; i < 2; i++) seen.push((await events.next()).value);
      const first = counts();
      for (let i = 0; i < 20; i++) {
        const next = events.next();
        let arrived = false;
        void next.then(() => arrived = true);
        while (!arrived) {
          await store.exists("/tool");
          await turn();
        }
        seen.push((await next).value);
      }
      assertEquals(first, new Set(["/tool/a a", "relative b"]));
      assertEquals(counts(), first);
      assertEquals(await store.exists("/tool/a"), false);
    });
  });

  test("a daemon with delays and spurious events answers every request correctly", async () => {
    await withClient({ seed: 1, spuriousEvents: 1, delay: { probability: 0.5, milliseconds: 0 } }, async (store) => {
      await Promise.all(Array.from({ length: 50 }, (_, i) => store.write(`/tool/${i}`, `${i}`)));
      for (let i = 0; i < 50; i++) assertEquals(await store.readText(`/tool/${i}`), `${i}`);
      await assertRejects(() => store.read("/tool/none"), Error, "ENOENT");
    });
  });
});
