// The line within a process: what a client sends, the daemon receives, and the other way round.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import type { Line } from "../../../src/daemon/sockets/line.ts";
import { memoryLine } from "../../../src/daemon/lines/memory_line.ts";
import type { Transport } from "../../../src/transport/transport.ts";
import { codeOf } from "../../../src/wire/system_errors.ts";
import { bytes, concat, shown } from "../../support/bytes.ts";
import { turn } from "../../support/line.ts";
import { Inbox } from "../../support/socket.ts";

/** The daemon's end of a line. */
class Daemon {
  readonly transport: Transport;
  readonly chunks: string[] = [];
  /** `"drained"` and `"closed"`, as they came. */
  readonly calls: string[] = [];
  onReceive: (text: string) => void = () => {};
  #line: Line | null = null;

  constructor() {
    this.transport = memoryLine((line) => {
      this.#line = line;
      return {
        receive: (received) => {
          this.chunks.push(shown(received));
          this.onReceive(shown(received));
        },
        drained: () => void this.calls.push("drained"),
        closed: () => void this.calls.push("closed"),
      };
    });
  }

  get line(): Line {
    if (this.#line === null) throw new Error("there is no line");
    return this.#line;
  }

  get text(): string {
    return this.chunks.join("");
  }
}

describe("a memory line", () => {
  test("carries bytes both ways, in order, and those of one turn in one piece", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    for (const text of ["a", "b", "c"]) {
      daemon.transport.send(bytes(text));
      daemon.line.write(bytes(text.toUpperCase()));
    }
    assertEquals(shown(await inbox.bytes(3)), "ABC");
    await turn();
    assertEquals(daemon.chunks, ["abc"]);
  });

  test("carries more than its buffers had room for", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    const long = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
    for (let i = 0; i < 3; i++) {
      daemon.transport.send(long);
      daemon.line.write(long);
      await turn();
    }
    assertEquals(await inbox.bytes(600_000), concat([long, long, long]));
    assertEquals(daemon.text, shown(concat([long, long, long])));
    assertEquals(Math.max(...daemon.chunks.map(({ length }) => length)), 65536);
  });

  test("never delivers in the turn of the sender's", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    daemon.transport.send(bytes("a"));
    daemon.line.write(bytes("b"));
    assertEquals([daemon.text, inbox.length], ["", 0]);
    await turn();
    assertEquals([daemon.text, inbox.length], ["a", 1]);
  });

  test("takes the bytes only during the call", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    for (const length of [3, 1000]) {
      const buffer = new Uint8Array(length).fill(65);
      daemon.transport.send(buffer);
      daemon.line.write(buffer);
      buffer.fill(0);
    }
    assertEquals(shown(await inbox.bytes(1003)), "A".repeat(1003));
    await turn();
    assertEquals(daemon.text, "A".repeat(1003));
  });

  test("lets each answer within what it receives", async () => {
    const daemon = new Daemon();
    daemon.onReceive = (text) => void daemon.line.write(bytes(`${text}!`));
    const inbox = new Inbox(daemon.transport, () => {
      if (inbox.length < 10) daemon.transport.send(bytes("x"));
    });
    daemon.transport.send(bytes("x"));
    assertEquals(shown(await inbox.bytes(10)), "x!x!x!x!x!");
  });

  test("keeps what comes before start(), and says when that is too much", async () => {
    const daemon = new Daemon();
    assertEquals(daemon.line.write(new Uint8Array(65536)), true);
    assertEquals(daemon.line.write(bytes("x")), false);
    await turn();
    assertEquals(daemon.calls, []);
    await new Inbox(daemon.transport).bytes(65537);
    assertEquals(daemon.calls, ["drained"]);
  });

  test("says that it has room again only where it was full", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    daemon.line.write(bytes("x"));
    await inbox.bytes(1);
    assertEquals(daemon.calls, []);
    assertEquals(daemon.line.write(new Uint8Array(100_000)), false);
    await inbox.bytes(100_001);
    await turn();
    assertEquals(daemon.calls, ["drained"]);
  });

  test("delivers nothing to a daemon that paused it, and all of it in order afterwards", async () => {
    const daemon = new Daemon();
    daemon.onReceive = () => daemon.line.pause();
    daemon.transport.send(new Uint8Array(65536).fill(65));
    daemon.transport.send(bytes("b"));
    await turn();
    assertEquals(daemon.chunks.map(({ length }) => length), [65536]);
    daemon.transport.send(bytes("c"));
    daemon.line.resume();
    assertEquals(daemon.chunks.length, 1);
    await turn();
    daemon.line.resume();
    await turn();
    assertEquals(daemon.chunks.slice(1), ["b", "c"]);
  });

  test("throws what the daemon says of a client that it will not serve", () => {
    const serve = () => {
      throw new RangeError("no such domain");
    };
    assertThrows(() => memoryLine(serve), RangeError, "no such domain");
  });
});

describe("a memory line that is closed by its client", () => {
  test("tells the daemon once, after what was sent before", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    daemon.transport.send(bytes("last words"));
    await daemon.transport.close();
    await daemon.transport.close();
    daemon.transport.send(bytes("too late"));
    await turn();
    assertEquals([daemon.text, daemon.calls, inbox.ends], ["last words", ["closed"], []]);
  });

  test("delivers nothing more to the client, and is never full for the daemon", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    daemon.line.write(bytes("too late"));
    await daemon.transport.close();
    assertEquals(daemon.line.write(new Uint8Array(100_000)), true);
    await turn();
    assertEquals([inbox.length, inbox.ends], [0, []]);
  });

  test("is closed when the daemon was told", async () => {
    const daemon = new Daemon();
    await daemon.transport.close();
    assertEquals(daemon.calls, ["closed"]);
  });

  test("tells the daemon at once where that has paused it", async () => {
    const daemon = new Daemon();
    daemon.line.pause();
    daemon.transport.send(bytes("never taken"));
    await daemon.transport.close();
    await turn();
    assertEquals([daemon.text, daemon.calls], ["", ["closed"]]);
  });

  test("delivers nothing after a close within receive()", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport, () => void daemon.transport.close());
    daemon.line.write(bytes("a"));
    await turn();
    daemon.line.write(bytes("b"));
    await turn();
    assertEquals([inbox.length, inbox.ends, daemon.calls], [1, [], ["closed"]]);
  });
});

describe("a memory line that is closed by the daemon", () => {
  test("tells the client once that it was reset, after what it has yet to receive", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    daemon.line.write(bytes("last words"));
    daemon.line.close();
    daemon.line.close();
    daemon.line.write(bytes("too late"));
    await inbox.ended;
    await turn();
    assertEquals(shown(await inbox.bytes(10)), "last words");
    assertEquals([inbox.length, inbox.ends.map(codeOf), daemon.calls], [10, ["ECONNRESET"], []]);
  });

  test("tells a client that starts later as well", async () => {
    const daemon = new Daemon();
    daemon.line.write(bytes("early"));
    daemon.line.close();
    await turn();
    const inbox = new Inbox(daemon.transport);
    await inbox.ended;
    assertEquals(inbox.length, 5);
  });

  test("delivers nothing more to the daemon, though it was sent before", async () => {
    const daemon = new Daemon();
    daemon.onReceive = () => daemon.line.close();
    const inbox = new Inbox(daemon.transport);
    daemon.transport.send(new Uint8Array(100_000));
    await inbox.ended;
    daemon.transport.send(bytes("x"));
    await turn();
    assertEquals(daemon.chunks.map(({ length }) => length), [65536]);
  });

  test("tells neither side where both close", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    void daemon.transport.close();
    daemon.line.close();
    await turn();
    assertEquals([daemon.calls, inbox.ends], [[], []]);
  });
});
