// Callbacks by handle: their order, their errors, and what they may do while they are called.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import type { EventCallback } from "../../src/events/callbacks.ts";
import { EVENT_ALL, EventClass, type EventName, type TsxsEvent } from "../../src/events/classes.ts";
import { Reporting } from "../../src/events/reporting.ts";

const { CLOSE, LIBRARY, TRACE, WARNING } = EventClass;

/** An object with events, and the lines that it writes to standard error. */
function reporting(environment: Record<string, string> = {}) {
  const lines: string[] = [];
  const source = { name: "source" };
  const inner = new Reporting({
    variable: (name) => environment[name],
    write: (line) => void lines.push(line),
  });
  const events = {
    reporter: inner.reporter,
    close: () => inner.close(),
    setEventCallback: (callback: EventCallback<typeof source>, mask: number) =>
      inner.setEventCallback(callback, mask, source),
    on: (name: EventName, callback: EventCallback<typeof source>) => inner.on(name, callback, source),
  };
  const library = (text: string) => events.reporter.report({ type: "library", class: LIBRARY, text });
  return { events, source, lines, library };
}

describe("setEventCallback()", () => {
  test("calls the callback with the event, its handle and the object", () => {
    const { events, source, library } = reporting();
    const calls: unknown[] = [];
    const handle = events.setEventCallback((...call) => void calls.push(call), LIBRARY);
    library("hello");
    assertEquals(calls, [[{ type: "library", class: LIBRARY, text: "hello" }, handle, source]]);
  });

  test("calls every callback of the class, in the order of registration", () => {
    const { events, library } = reporting();
    const calls: string[] = [];
    events.setEventCallback(() => void calls.push("first"), LIBRARY);
    events.setEventCallback(() => void calls.push("other class"), TRACE);
    events.setEventCallback(() => void calls.push("second"), LIBRARY | TRACE);
    library("");
    assertEquals(calls, ["first", "second"]);
  });

  test("never returns a handle twice", () => {
    const { events } = reporting();
    const first = events.setEventCallback(() => {}, CLOSE);
    events.reporter.delete(first);
    assertEquals(events.setEventCallback(() => {}, CLOSE) > first, true);
  });

  test("throws a RangeError for an invalid mask", () => {
    const { events } = reporting();
    for (const mask of [-1, EVENT_ALL + 1, 1.5, NaN]) {
      let name = "";
      try {
        events.setEventCallback(() => {}, mask);
      } catch (error) {
        name = (error as Error).name;
      }
      assertEquals(name, "RangeError", `mask ${mask}`);
    }
  });

  test("throws a TypeError if the callback is not a function", () => {
    const { events } = reporting();
    let message = "";
    try {
      events.setEventCallback(null as never, CLOSE);
    } catch (error) {
      message = String(error);
    }
    assertEquals(message, "TypeError: setEventCallback: the callback is a function: got object");
  });
});

describe("during an event", () => {
  test("a callback may delete itself, and the others are called all the same", () => {
    const { events, library } = reporting();
    const calls: string[] = [];
    events.setEventCallback((_event, handle) => {
      calls.push("self");
      events.reporter.delete(handle);
    }, LIBRARY);
    events.setEventCallback(() => void calls.push("other"), LIBRARY);
    library("");
    library("");
    assertEquals(calls, ["self", "other", "other"]);
  });

  test("a callback that an earlier callback deletes is not called", () => {
    const { events, library } = reporting();
    const calls: string[] = [];
    events.setEventCallback(() => events.reporter.delete(second), LIBRARY);
    const second = events.setEventCallback(() => void calls.push("second"), LIBRARY);
    library("");
    assertEquals(calls, []);
  });

  test("a callback that is added is first called for the next event", () => {
    const { events, library } = reporting();
    const calls: string[] = [];
    const first = events.setEventCallback(() => {
      events.reporter.delete(first);
      events.setEventCallback((event) => void calls.push((event as { text: string }).text), LIBRARY);
    }, LIBRARY);
    library("one");
    library("two");
    assertEquals(calls, ["two"]);
  });

  test("a callback may close the object", () => {
    const { events, library } = reporting();
    const calls: string[] = [];
    events.setEventCallback((event) => {
      calls.push(event.type);
      if (event.type === "library") events.close();
    }, EVENT_ALL);
    events.setEventCallback((event) => void calls.push(`second ${event.type}`), EVENT_ALL);
    library("");
    library("after the end");
    assertEquals(calls, ["library", "close", "second close"]);
  });
});

describe("a callback that throws", () => {
  test("is reported as a warning, and the other callbacks are called", () => {
    const { events, library } = reporting();
    const calls: unknown[] = [];
    const error = new Error("broken");
    const handle = events.setEventCallback(() => {
      throw error;
    }, LIBRARY);
    events.setEventCallback(() => void calls.push("other"), LIBRARY);
    events.setEventCallback((event) => void calls.push(event), WARNING);
    library("");
    const text = `a callback for library events threw (handle ${handle}): Error: broken`;
    assertEquals(calls, [{ type: "warning", class: WARNING, text, cause: error }, "other"]);
  });

  test("goes to standard error if the event was a warning", () => {
    const { events, lines } = reporting();
    events.setEventCallback(() => {
      throw new Error("broken");
    }, WARNING);
    events.reporter.warn("something");
    assertEquals(lines, ["tsxs: warning: a callback for warning events threw (handle 1): Error: broken"]);
  });

  test("is reported as well if it is an async function", async () => {
    const { events, library } = reporting();
    const warned = new Promise<TsxsEvent>((resolve) => events.setEventCallback(resolve, WARNING));
    // The types refuse an async function; JavaScript does not.
    events.setEventCallback((() => Promise.reject(new Error("late"))) as () => void, LIBRARY);
    library("");
    assertEquals(
      (await warned as { text: string }).text,
      "a callback for library events threw (handle 2): Error: late",
    );
  });
});

test("10,000 callbacks are added and deleted, and then nothing is wanted but warnings", () => {
  const { events, library } = reporting();
  let calls = 0;
  const handles = Array.from({ length: 10_000 }, () => events.setEventCallback(() => void calls++, EVENT_ALL));
  library("");
  assertEquals([calls, new Set(handles).size], [10_000, 10_000]);
  for (const handle of handles) events.reporter.delete(handle);
  events.reporter.delete(77_777);
  library("");
  assertEquals([calls, events.reporter.wanted], [10_000, WARNING]);
});

test("on() takes the name of a class, and its Disposable deletes the callback", () => {
  const { events, library } = reporting();
  const calls: string[] = [];
  {
    using _callback = events.on("library", (event) => void calls.push(event.type));
    library("");
  }
  library("");
  assertEquals(calls, ["library"]);
});

describe("the default output", () => {
  const raise = ({ events }: ReturnType<typeof reporting>) => {
    const { reporter } = events;
    const trace = {
      operation: "READ",
      path: "/",
      transactionId: 0,
      requestId: 1,
      duration: undefined,
      error: undefined,
    };
    reporter.report({ type: "trace", class: TRACE, phase: "start", text: "READ", ...trace });
    reporter.report({ type: "library", class: LIBRARY, text: "library" });
    reporter.report({ type: "appliance", class: EventClass.APPLIANCE, text: "daemon\nline\n" });
    reporter.report({ type: "enter", class: EventClass.ENTER, operation: "READ" });
    reporter.warn("odd");
  };
  const trace = "tsxs: trace: READ";
  const library = "tsxs: library";
  const daemon = "daemon\nline";
  const warning = "tsxs: warning: odd";
  // For each class with a callback, verbose, and trace: the lines on standard error.
  const table: readonly (readonly [number, boolean, boolean, readonly string[]])[] = [
    [0, false, false, [warning]],
    [0, true, false, [library, daemon, warning]],
    [0, false, true, [trace, warning]],
    [0, true, true, [trace, library, daemon, warning]],
    [TRACE, true, true, [library, daemon, warning]],
    [LIBRARY, true, true, [trace, daemon, warning]],
    [EventClass.APPLIANCE, true, true, [trace, library, warning]],
    [WARNING, true, true, [trace, library, daemon]],
    [EVENT_ALL, true, true, []],
    [EventClass.ENTER, false, false, [warning]],
  ];
  for (const [mask, verbose, traced, expected] of table) {
    test(`with callbacks for ${mask}, verbose ${verbose} and trace ${traced} is ${expected.length} lines`, () => {
      const object = reporting();
      object.events.reporter.verbose = verbose;
      object.events.reporter.trace = traced;
      const seen = new Set<string>();
      if (mask !== 0) object.events.setEventCallback(({ type }) => void seen.add(type), mask);
      raise(object);
      assertEquals(object.lines, expected);
      const raised = ["trace", "library", "appliance", "enter", "warning"] as const;
      assertEquals([...seen], raised.filter((name) => (mask & EventClass[name.toUpperCase() as "TRACE"]) !== 0));
    });
  }

  test("escapes control sequences and marks of direction", () => {
    const { events, lines } = reporting();
    events.reporter.warn("a\x1b[31mred\n\u202eflip\u0085 \ud800 é");
    assertEquals(lines, ["tsxs: warning: a\\x1b[31mred\\n\\u{202e}flip\\x85 \\u{d800} é"]);
  });
});

describe("the environment", () => {
  for (const text of ["1", "true", "T", "yes", "Y", "on", "ON"]) {
    test(`turns tracing on by TSXS_TRACE=${text}`, () => {
      assertEquals(reporting({ TSXS_TRACE: text }).events.reporter.trace, true);
    });
  }
  for (const text of ["0", "False", "f", "NO", "n", "off", ""]) {
    test(`leaves messages off by TSXS_DEBUG=${JSON.stringify(text)}`, () => {
      const { events, lines } = reporting({ TSXS_DEBUG: text });
      assertEquals([events.reporter.verbose, lines], [false, []]);
    });
  }
  test("warns of a value that is neither on nor off", () => {
    const { events, lines } = reporting({ TSXS_DEBUG: "maybe" });
    assertEquals(events.reporter.verbose, false);
    const expected = "expected 1, true, t, yes, y, on or 0, false, f, no, n, off";
    assertEquals(lines, [`tsxs: warning: TSXS_DEBUG is "maybe": ${expected}`]);
  });
});
