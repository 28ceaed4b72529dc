// The connection between a client and a daemon in one process.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import type { Line } from "../../../src/daemon/sockets/line.ts";
import { memoryLine } from "../../../src/daemon/lines/memory_line.ts";
import type { Transport } from "../../../src/transport/transport.ts";
import { codeOf } from "../../../src/wire/system_errors.ts";
import { bytes, concat, shown } from "../../support/bytes.ts";
import { turn } from "../../support/line.ts";
import { Inbox } from "../../support/socket.ts";

/** The daemon's end of a memory line. */
class Daemon {
  readonly transport: Transport;
  readonly chunks: string[] = [];
  /** The calls of drained() and closed(), in order. */
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
  test("a memory line carries bytes both ways, in order, and joins those of one turn", async () => {
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

  test("a memory line carries more bytes than its buffers hold", async () => {
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

  test("a memory line never delivers in the sender's turn", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    daemon.transport.send(bytes("a"));
    daemon.line.write(bytes("b"));
    assertEquals([daemon.text, inbox.length], ["", 0]);
    await turn();
    assertEquals([daemon.text, inbox.length], ["a", 1]);
  });

  test("a memory line copies the bytes during the call", async () => {
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

  test("both ends may send from within receive()", async () => {
    const daemon = new Daemon();
    daemon.onReceive = (text) => void daemon.line.write(bytes(`${text}!`));
    const inbox = new Inbox(daemon.transport, () => {
      if (inbox.length < 10) daemon.transport.send(bytes("x"));
    });
    daemon.transport.send(bytes("x"));
    assertEquals(shown(await inbox.bytes(10)), "x!x!x!x!x!");
  });

  test("bytes that arrive before start() are kept, and write() returns false if there are too many", async () => {
    const daemon = new Daemon();
    assertEquals(daemon.line.write(new Uint8Array(65536)), true);
    assertEquals(daemon.line.write(bytes("x")), false);
    await turn();
    assertEquals(daemon.calls, []);
    await new Inbox(daemon.transport).bytes(65537);
    assertEquals(daemon.calls, ["drained"]);
  });

  test("drained() is called only after the line was full", async () => {
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

  test("a paused daemon receives nothing, and gets everything in order after resume()", async () => {
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

  test("memoryLine() throws the error of a daemon that refuses the client", () => {
    const serve = () => {
      throw new RangeError("no such domain");
    };
    assertThrows(() => memoryLine(serve), RangeError, "no such domain");
  });
});

describe("a memory line that is closed by its client", () => {
  test("close() by the client calls closed() once, after the bytes that were sent before", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    daemon.transport.send(bytes("last words"));
    await daemon.transport.close();
    await daemon.transport.close();
    daemon.transport.send(bytes("too late"));
    await turn();
    assertEquals([daemon.text, daemon.calls, inbox.ends], ["last words", ["closed"], []]);
  });

  test("a closed client receives nothing more, and write() of the daemon returns true", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    daemon.line.write(bytes("too late"));
    await daemon.transport.close();
    assertEquals(daemon.line.write(new Uint8Array(100_000)), true);
    await turn();
    assertEquals([inbox.length, inbox.ends], [0, []]);
  });

  test("close() by the client resolves after the daemon's closed() was called", async () => {
    const daemon = new Daemon();
    await daemon.transport.close();
    assertEquals(daemon.calls, ["closed"]);
  });

  test("close() by the client calls closed() immediately if the daemon has paused the line", async () => {
    const daemon = new Daemon();
    daemon.line.pause();
    daemon.transport.send(bytes("never taken"));
    await daemon.transport.close();
    await turn();
    assertEquals([daemon.text, daemon.calls], ["", ["closed"]]);
  });

  test("a client that closes within receive() receives nothing more", async () => {
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
  test("close() by the daemon ends the client once with ECONNRESET, after its unread bytes", async () => {
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

  test("a client that starts after the daemon's close() is ended, too", async () => {
    const daemon = new Daemon();
    daemon.line.write(bytes("early"));
    daemon.line.close();
    await turn();
    const inbox = new Inbox(daemon.transport);
    await inbox.ended;
    assertEquals(inbox.length, 5);
  });

  test("a daemon that closes receives nothing more, including bytes that were sent before", async () => {
    const daemon = new Daemon();
    daemon.onReceive = () => daemon.line.close();
    const inbox = new Inbox(daemon.transport);
    daemon.transport.send(new Uint8Array(100_000));
    await inbox.ended;
    daemon.transport.send(bytes("x"));
    await turn();
    assertEquals(daemon.chunks.map(({ length }) => length), [65536]);
  });

  test("neither side is called if both close in one turn", async () => {
    const daemon = new Daemon();
    const inbox = new Inbox(daemon.transport);
    void daemon.transport.close();
    daemon.line.close();
    await turn();
    assertEquals([daemon.calls, inbox.ends], [[], []]);
  });
});
