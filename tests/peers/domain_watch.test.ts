// The events of the lives of domains with the real daemons, which another process makes and ends.

import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import type { DomainEvent, LifecycleEvent } from "../../src/domains/lifecycle.ts";
import { type DomainWatch, watchDomains } from "../../src/domains/watch.ts";
import { endGuest, startGuest } from "../support/guests.ts";
import { uuidFor } from "../support/domains.ts";
import { commandOf, runCommand } from "../support/program.ts";
import { type RealStore, startOxenstored, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

const program = join(dirname(fileURLToPath(import.meta.url)), "domain_life.ts");
const FIRST = 100;
const COUNT = 40;
/** More domains than this start again. */
const AGAIN_MIN = 5;
const MARK = { id: 9, name: "mark", uuid: uuidFor(9) };

function lifeOf(event: DomainEvent | undefined): LifecycleEvent {
  assert(event !== undefined && event.type !== "overflow", "an event was lost");
  return event;
}

/** Takes the next events, in short. */
async function take(events: AsyncIterator<DomainEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { type, detail, id, rebootOf } = lifeOf((await events.next()).value);
    taken.push(`${type} ${detail} ${id}${rebootOf === null ? "" : ` (${rebootOf})`}`);
  }
  return taken;
}

for (const start of [startXenstored, startOxenstored]) {
  const name = start === startXenstored ? "xenstored" : "oxenstored";

  const withWatch = async (body: (store: RealStore, client: Client, events: DomainWatch) => Promise<void>) => {
    await using store = await start();
    await using client = await connect(`unix:${store.socket}`);
    await using watching = await connect(`unix:${store.socket}`);
    await using events = watchDomains(watching);
    await events.ready;
    await body(store, client, events);
  };

  withPeers(`lives of domains of ${name}`, () => {
    describe(`lives of domains of ${name}`, () => {
      test(`watchDomains() tells the start and the end of a domain that ${name} releases by itself`, () =>
        withWatch(async (store, client, events) => {
          const guest = { id: 5, name: "web", uuid: uuidFor(1) };
          await startGuest(client, guest);
          assertEquals(await take(events, 1), ["started booted 5"]);
          // The toolstack has removed the nodes before the hypervisor tells the store of the end.
          await endGuest(client, guest, (id) => store.destroyDomain(id));
          assertEquals(await take(events, 1), ["stopped destroyed 5"]);
          store.createDomain(5);
          await startGuest(client, { ...guest, id: 6 });
          assertEquals(await take(events, 1), ["started booted 6 (5)"]);
        }));

      test(`watchDomains() tells the end of a domain of ${name} whose nodes the toolstack has left`, () =>
        withWatch(async (store, client, events) => {
          await startGuest(client, { id: 5, name: "web", uuid: uuidFor(1) });
          assertEquals(await take(events, 1), ["started booted 5"]);
          await store.destroyDomain(5);
          assertEquals(await take(events, 1), ["stopped destroyed 5"]);
        }));

      test(`watchDomains() tells each domain of another process once, in order and with its reboot, on ${name}`, () =>
        withWatch(async (store, client, events) => {
          const command = [...commandOf(program), store.socket, `${FIRST}`, `${COUNT}`];
          const running = runCommand(command).then(async (ended) => {
            assertEquals([ended.code, ended.stderr], [0, ""]);
            await startGuest(client, MARK);
          });
          const lives = new Map<number, LifecycleEvent[]>();
          for (;;) {
            const event = lifeOf((await events.next()).value);
            if (event.id === MARK.id) break;
            assert(event.id !== null);
            lives.set(event.id, [...lives.get(event.id) ?? [], event]);
            if (event.type === "started") await client.write(`/tool/seen/${event.id}`, "");
          }
          await running;
          const ids = [...lives.keys()];
          const originals = ids.filter((id) => id < FIRST + COUNT);
          assertEquals(originals, Array.from({ length: COUNT }, (_, i) => FIRST + i));
          const again = ids.filter((id) => id >= FIRST + COUNT);
          assert(again.length > AGAIN_MIN, `${again.length} domains started again`);
          assertEquals(again, Array.from(again, (_, i) => (again[0] ?? 0) + i));
          for (const [id, told] of lives) {
            assertEquals(told.map(({ type }) => type), ["started", "stopped"], `domain ${id}`);
            const [started] = told;
            const number = id < FIRST + COUNT ? id : id - COUNT;
            assertEquals([started?.name, started?.uuid], [`guest ${number - FIRST}`, uuidFor(number)]);
            assertEquals(started?.rebootOf ?? null, id === number ? null : number, `the start of domain ${id}`);
          }
        }));
    });
  });
}
