// Events as an async iterator: order, overflow, and every way to end.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { EventClass } from "../../src/events/classes.ts";
import { Reporting } from "../../src/events/reporting.ts";

const { CLOSE, LIBRARY, WARNING } = EventClass;

function source() {
  const events = new Reporting();
  const raise = (text: string) => events.reporter.report({ type: "library", class: LIBRARY, text });
  return { events, raise };
}

/** The text of an event, or what the item is. */
function textOf(item: unknown): unknown {
  return (item as { text?: string }).text ?? item;
}

async function all(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const item of items) found.push(textOf(item));
  return found;
}

describe("events()", () => {
  test("yields the events of the mask in order, and ends after the event of closing", async () => {
    const { events, raise } = source();
    const stream = events.events(LIBRARY | CLOSE);
    raise("one");
    events.on(WARNING, () => {}, null);
    events.reporter.warn("not asked for");
    raise("two");
    events.close();
    assertEquals(await all(stream), ["one", "two", { type: "close", class: CLOSE }]);
  });

  test("yields one overflow for the events that the reader did not take in time", async () => {
    const { events, raise } = source();
    const stream = events.events("library", { limit: 2 });
    for (const text of ["1", "2", "3", "4"]) raise(text);
    const taken: unknown[] = [];
    for (let i = 0; i < 3; i++) taken.push(textOf((await stream.next()).value));
    raise("5");
    events.close();
    assertEquals([...taken, ...await all(stream)], ["1", "2", { type: "overflow", class: 0, lost: 2 }, "5"]);
  });

  test("gives an event to a reader that waits", async () => {
    const { events, raise } = source();
    const stream = events.events(LIBRARY);
    const both = Promise.all([stream.next(), stream.next()]);
    raise("first");
    raise("second");
    assertEquals((await both).map(({ value }) => textOf(value)), ["first", "second"]);
  });

  test("deletes its callback when the loop is left", async () => {
    const { events, raise } = source();
    raise("before the stream");
    const stream = events.events(LIBRARY);
    raise("one");
    for await (const _event of stream) break;
    assertEquals(events.reporter.wanted, WARNING);
    assertEquals(await stream.next(), { done: true, value: undefined });
  });

  test("rejects with the reason of its signal, whether or not the reader waits", async () => {
    const { events } = source();
    for (const abortFirst of [true, false]) {
      const controller = new AbortController();
      if (abortFirst) controller.abort("enough");
      const next = events.events(LIBRARY, { signal: controller.signal }).next();
      controller.abort("enough");
      assertEquals(await next.catch((reason: unknown) => reason), "enough");
    }
    assertEquals(events.reporter.wanted, WARNING);
  });

  test("throws a RangeError for an unknown name and for an invalid limit", () => {
    const { events } = source();
    const attempts = [() => events.events("libary" as "library"), () => events.events(LIBRARY, { limit: 0 })];
    const messages = attempts.map((attempt) => {
      try {
        attempt();
        return "";
      } catch (error) {
        return String(error).slice(0, 60);
      }
    });
    assertEquals(messages, [
      'RangeError: events: "libary" is not the name of a class: expected one of'.slice(0, 60),
      "RangeError: events: limit is 0: expected a whole number from 1".slice(0, 60),
    ]);
  });

  test("takes 200,000 waiting events without growing slower", async () => {
    const { events, raise } = source();
    const stream = events.events(LIBRARY, { limit: 200_000 });
    for (let i = 0; i < 200_000; i++) raise("");
    events.close();
    assertEquals((await all(stream)).length, 200_000);
  });
});
