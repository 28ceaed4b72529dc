// The events of the lives of domains, on the embedded daemon.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import type { FlagGroup } from "../../src/domains/flags.ts";
import type { DomainEvent } from "../../src/domains/lifecycle.ts";
import type { DomainDefinition } from "../../src/domains/sources.ts";
import { DomainWatch, watchDomains } from "../../src/domains/watch.ts";
import { ConnectionError } from "../../src/transport/errors.ts";
import { endGuest, HostSources, startGuest } from "../support/guests.ts";
import { uuidFor } from "../support/domains.ts";

const web = { id: 5, name: "web", uuid: uuidFor(1) };
const db = { id: 6, name: "db", uuid: uuidFor(2) };

/** An event in short: `"started booted 5 web"`, with `"(5)"` at the end after a reboot of domain 5. */
function inShort(event: DomainEvent): string {
  if (event.type === "overflow") return `${event.lost} lost`;
  const reboot = event.rebootOf === null ? "" : ` (${event.rebootOf})`;
  return `${event.type} ${event.detail} ${event.id ?? "-"} ${event.name ?? "-"}${reboot}`;
}

/** Takes the next events, in short. */
async function take(events: AsyncIterator<DomainEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { done, value } = await events.next();
    taken.push(done ? "end" : inShort(value));
  }
  return taken;
}

/** Takes events until one has this number, which is left out. */
async function until(events: AsyncIterator<DomainEvent>, id: number): Promise<string[]> {
  const taken: string[] = [];
  for (;;) {
    const { done, value } = await events.next();
    if (done) throw new Error(`the events ended after ${JSON.stringify(taken)}`);
    if (value.type !== "overflow" && value.id === id) return taken;
    taken.push(inShort(value));
  }
}

/** What a step of a story may use. */
interface World {
  readonly store: Client;
  readonly host: HostSources;
}

/** Something that happens, and the events that tell it. */
interface Step {
  readonly happens: (world: World) => unknown;
  readonly events: readonly string[];
  /** Whether the domains are not listed once more after these events. */
  readonly isAlone?: boolean;
}

/** Makes a step. */
function step(happens: (world: World) => unknown, ...events: readonly string[]): Step {
  return { happens, events };
}

const starts = step(({ store }) => startGuest(store, web), "started booted 5 web");
const startsPaused: Step = {
  happens: ({ store, host }) => {
    host.letters.set(5, ["--p---", null]);
    return startGuest(store, web);
  },
  events: ["started booted 5 web"],
  isAlone: true,
};

/** A step in which the hypervisor says something else of domain 5. */
function letters(letters: string, reason: string | null, ...events: readonly string[]): Step {
  return step(({ host }) => host.letters.set(5, [letters, reason]), ...events);
}

/** A step in which a definition changes. */
function defines(definition: Partial<DomainDefinition> & { name: string }, ...events: readonly string[]): Step {
  return step(({ host }) => host.define({ uuid: web.uuid, ...definition }), ...events);
}

/** A story: what it tells, and its steps. */
type Story = readonly [name: string, ...steps: readonly Step[]];

const stories: readonly Story[] = [
  [
    "a domain that starts and ends is started booted and stopped destroyed",
    starts,
    step(({ store }) => endGuest(store, web), "stopped destroyed 5 web"),
  ],
  [
    "a domain that ends while a poweroff is requested is stopped shutdown",
    starts,
    step(({ store }) => store.write("/local/domain/5/control/shutdown", "poweroff")),
    step(({ store }) => endGuest(store, web), "stopped shutdown 5 web"),
  ],
  [
    "a reboot is a stop, and a start with the number of the domain before",
    starts,
    step(({ store }) => endGuest(store, web), "stopped destroyed 5 web"),
    step(({ store }) => startGuest(store, { ...web, id: 8 }), "started booted 8 web (5)"),
  ],
  [
    "a reboot within one list is a stop by shutdown and a start",
    starts,
    step(
      async ({ store }) => {
        await store.delete("/local/domain/5");
        await startGuest(store, { ...web, id: 8 });
      },
      "stopped shutdown 5 web",
      "started booted 8 web (5)",
    ),
  ],
  [
    "a start after a save is no reboot",
    starts,
    step(
      ({ store, host }) => {
        host.saved.set("web", "/var/lib/xen/save/web");
        return endGuest(store, web);
      },
      "stopped saved 5 web",
    ),
    step(({ store }) => startGuest(store, { ...web, id: 8 }), "started restored 8 web"),
  ],
  [
    "a migration starts one domain as incoming, and stops another as migrated",
    step(({ store }) => startGuest(store, { ...web, name: "web--incoming" }), "started migrated 5 web--incoming"),
    step(({ store }) => startGuest(store, { ...db, name: "db--migratedaway" }), "started booted 6 db--migratedaway"),
    step(({ store }) => endGuest(store, db), "stopped migrated 6 db--migratedaway"),
  ],
  [
    "definitions are added, updated, renamed and removed",
    defines({ name: "web" }, "defined added - web"),
    defines({ name: "web", evidence: "/etc/xen/auto/web" }),
    defines({ name: "web", title: "The site" }, "defined updated - web"),
    defines({ name: "www", title: "The site" }, "undefined renamed - web", "defined renamed - www"),
    step(({ host }) => host.undefine(web.uuid), "undefined removed - www"),
  ],
  [
    "one list tells of ends first, then of definitions, and then of starts",
    starts,
    step(
      async ({ store, host }) => {
        host.define({ name: "db" });
        await store.delete("/local/domain/5");
        await startGuest(store, db);
      },
      "stopped destroyed 5 web",
      "defined added - db",
      "started booted 6 db",
    ),
  ],
];

const storiesOfXen: readonly Story[] = [
  [
    "pauses, but not that of a domain that is still built",
    startsPaused,
    letters("-b----", null),
    letters("--p---", null, "suspended paused 5 web"),
    letters("r-----", null, "resumed unpaused 5 web"),
    letters("------", null),
  ],
  [
    "the pause of a domain that stays paused after its start",
    startsPaused,
    letters("--p---", null, "suspended paused 5 web"),
    letters("--p---", null),
  ],
  [
    "a shutdown, and that the domain ended by it",
    letters("-b----", null),
    starts,
    letters("---s--", "-", "shutdown finished 5 web"),
    step(({ store }) => endGuest(store, web), "stopped shutdown 5 web"),
  ],
  [
    "a crash, and that the domain ended by it",
    letters("-b----", null),
    starts,
    letters("---sc-", "c", "crashed panicked 5 web"),
    step(({ store }) => endGuest(store, web), "stopped crashed 5 web"),
  ],
  [
    "a guest that sleeps and wakes",
    letters("-b----", null),
    starts,
    letters("---s--", "s", "pmSuspended memory 5 web"),
    letters("-b----", null, "started wakeup 5 web"),
  ],
  [
    "that a domain that is dying has ended",
    letters("-b----", null),
    starts,
    letters("-----d", null, "stopped destroyed 5 web"),
  ],
];

/** Tells a story to a watch, and checks the events after each step. */
async function tell(steps: readonly Step[], isXen: boolean): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  const host = new HostSources();
  const mark = { id: 9, name: "mark", uuid: uuidFor(9) };
  host.letters.set(mark.id, ["r-----", null]);
  const answers = (group: FlagGroup): boolean => isXen || group !== "state";
  const sources = host.sources.map((source) => ({ ...source, answers: source.answers.filter(answers) }));
  await using events = watchDomains(store, { sources });
  /** Lets a domain start and end, so that the domains are listed. Returns the events of other domains. */
  const list = async (): Promise<string[]> => {
    await startGuest(store, mark);
    const before = await until(events, mark.id);
    await endGuest(store, mark);
    return [...before, ...await until(events, mark.id)];
  };
  await events.ready;
  // The first event of a watch may cause a list as well.
  assertEquals(await list(), []);
  for (const { happens, events: expected, isAlone = false } of steps) {
    await happens({ store, host });
    assertEquals(isAlone ? [...await take(events, expected.length)] : await list(), expected);
  }
}

describe("watchDomains()", () => {
  for (const [name, ...steps] of stories) {
    test(`watchDomains() tells: ${name}`, () => tell(steps, false));
  }

  for (const [name, ...steps] of storiesOfXen) {
    test(`watchDomains() tells with the hypervisor as a source: ${name}`, () => tell(steps, true));
  }

  test("every event has libvirt's numbers, the domain, and its evidence", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await using events = watchDomains(store);
    assertEquals((await events.ready).map(({ id }) => id), []);
    await startGuest(store, web);
    const { value: started } = await events.next();
    assert(started !== undefined && started.type !== "overflow");
    const { domain, ...others } = started;
    assertEquals(others, {
      type: "started",
      typeNumber: 2,
      detail: "booted",
      detailNumber: 0,
      id: 5,
      name: "web",
      uuid: web.uuid,
      rebootOf: null,
      evidence: "IS_DOMAIN_INTRODUCED 5 is T",
    });
    assertEquals(await domain?.readText("name"), "web");
    await endGuest(store, web);
    const { value: stopped } = await events.next();
    assert(stopped?.type === "stopped");
    assertEquals([stopped.typeNumber, stopped.detailNumber, stopped.domain?.id], [5, 1, 5]);
    assertEquals(stopped.evidence, "it left the list, and no source told of a shutdown");
  });

  test("a domain that starts between the watch and the first list is in the first list or an event, not both", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    for (let i = 0; i < 20; i++) {
      const guest = { id: 100 + i, name: `g${i}`, uuid: uuidFor(100 + i) };
      await using events = watchDomains(store);
      const starting = startGuest(store, guest);
      const listed = (await events.ready).filter(({ id }) => id === guest.id).length;
      await starting;
      await startGuest(store, { id: 9, name: "mark", uuid: uuidFor(9) });
      const told = (await until(events, 9)).filter((text) => text === `started booted ${guest.id} g${i}`).length;
      assertEquals(listed + told, 1);
      await endGuest(store, guest);
      await endGuest(store, { id: 9, name: "mark", uuid: uuidFor(9) });
    }
  });

  test("a domain that came and went between two lists is told by its number alone", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    let release: () => void = () => {};
    let isHeld = false;
    let onHeld: () => void = () => {};
    const held = new Promise<void>((resolve) => onHeld = resolve);
    const source = {
      name: "slow",
      answers: ["persistence"] as const,
      read: async () => {
        if (isHeld) {
          onHeld();
          await new Promise<void>((resolve) => release = resolve);
        }
        return { definitions: [] };
      },
    };
    await using events = watchDomains(store, { sources: [source] });
    await events.ready;
    // The first event of a watch may cause a list as well.
    await startGuest(store, { id: 9, name: "mark", uuid: uuidFor(9) });
    assertEquals(await until(events, 9), []);
    isHeld = true;
    await startGuest(store, db);
    await held;
    await startGuest(store, web);
    await endGuest(store, web);
    await startGuest(store, { ...web, id: 7 });
    isHeld = false;
    release();
    assertEquals(await take(events, 4), [
      "started booted 6 db",
      "started booted 5 -",
      "stopped destroyed 5 -",
      "started booted 7 web",
    ]);
  });

  test("an interval lists the domains again without an event of the store", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const host = new HostSources();
    const sources = host.sources.map((source) => ({ ...source, answers: ["persistence"] as const }));
    await using events = watchDomains(store, { sources, interval: 1 });
    await events.ready;
    host.define({ name: "later" });
    assertEquals(await take(events, 1), ["defined added - later"]);
  });

  test("a start more than a minute after the end is no reboot", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    let now = 0;
    await using events = new DomainWatch(store, {}, () => now);
    await events.ready;
    for (const [id, pause] of [[5, 0], [6, 60_000], [7, 60_001]] as const) {
      now += pause;
      await startGuest(store, { ...web, id });
      const { value } = await events.next();
      const rebootOf = pause === 60_000 ? 5 : null;
      assertEquals(value?.type === "started" ? value.rebootOf : "none", rebootOf);
      await endGuest(store, { ...web, id });
      await events.next();
    }
  });

  test("events beyond the limit are counted, and the others are delivered in their order", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const host = new HostSources();
    const sources = host.sources.map((source) => ({ ...source, answers: ["persistence"] as const }));
    await using events = watchDomains(store, { sources, limit: 2 });
    await events.ready;
    await startGuest(store, web);
    assertEquals(await take(events, 1), ["started booted 5 web"]);
    for (let i = 0; i < 5; i++) host.define({ name: `d${i}` });
    await endGuest(store, web);
    const taken = [];
    while (!taken.at(-1)?.endsWith("lost")) taken.push(...await take(events, 1));
    const kept = taken.length - 1;
    const all = ["stopped destroyed 5 web", ...[0, 1, 2, 3, 4].map((i) => `defined added - d${i}`)];
    assertEquals(taken, [...all.slice(0, kept), `${all.length - kept} lost`]);
    assert(kept === 2 || kept === 3, `${kept} kept`);
  });
});

describe("the end of watchDomains()", () => {
  /** Counts the watches that a client has set and not removed. */
  function watchesOf(client: Client): () => number {
    let count = 0;
    client.setEventCallback((event) => {
      if (event.type !== "trace" || !/ = /.test(event.text)) return;
      if (event.text.startsWith("WATCH ")) count++;
      if (event.text.startsWith("UNWATCH ")) count--;
    }, 64);
    client.setTrace(true);
    return () => count;
  }

  test("a loop that is left leaves no watch", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const watches = watchesOf(store);
    const events = watchDomains(store);
    await events.ready;
    assertEquals(watches(), 2);
    await startGuest(store, web);
    for await (const event of events) {
      assertEquals(inShort(event), "started booted 5 web");
      break;
    }
    assertEquals(watches(), 0);
    assertEquals(await events.next(), { done: true, value: undefined });
    await events.close();
  });

  test("an abort ends the watch with the signal's reason, after the events that came, and leaves no watch", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const watches = watchesOf(store);
    const abort = new AbortController();
    const events = watchDomains(store, { signal: abort.signal });
    await events.ready;
    await startGuest(store, web);
    assertEquals(await take(events, 1), ["started booted 5 web"]);
    const waiting = events.next();
    abort.abort(new Error("enough"));
    await assertRejects(() => waiting, Error, "enough");
    await assertRejects(() => events.next(), Error, "enough");
    await events.close();
    // The replies of the removals come before that of a later request.
    await store.read("/local/domain/5/name");
    assertEquals(watches(), 0);
  });

  test("a signal that was aborted before rejects ready and the first event", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const events = watchDomains(store, { signal: AbortSignal.abort(new Error("never")) });
    await assertRejects(() => events.ready, Error, "never");
    await assertRejects(() => events.next(), Error, "never");
  });

  test("close() before the first list rejects ready and ends the events", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const watches = watchesOf(store);
    const events = watchDomains(store);
    await events.close();
    await assertRejects(() => events.ready, ConnectionError, "closed before the first list");
    assertEquals(await events.next(), { done: true, value: undefined });
    assertEquals(watches(), 0);
  });

  test("the end of the connection ends the watch with a ConnectionError", async () => {
    const daemon = new Daemon();
    const store = await connect(daemon.connect());
    await using events = watchDomains(store);
    await events.ready;
    await daemon.close();
    await assertRejects(() => events.next(), ConnectionError);
    await store.close();
  });

  test("a source that fails ends the watch with its error", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const host = new HostSources();
    host.letters.set(0, ["r-----", null]);
    await using events = watchDomains(store, { sources: host.sources });
    await events.ready;
    host.failure = new Error("no hypervisor");
    await startGuest(store, web);
    await assertRejects(() => events.next(), Error, "no hypervisor");
  });

  test("watchDomains() throws for an unknown option and for invalid numbers", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    assertThrows(() => watchDomains(store, { source: [] } as never), TypeError, "sources");
    assertThrows(() => watchDomains(store, { interval: 0 }), RangeError, "interval");
    assertThrows(() => watchDomains(store, { limit: 0 }), RangeError, "limit");
  });
});
