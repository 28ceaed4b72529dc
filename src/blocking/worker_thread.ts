// The code of the worker: opens connections with an event loop, and puts the received bytes into shared memory.

import { type MessagePort, parentPort } from "node:worker_threads";
import { openTransport } from "../transport/open.ts";
import { codeOf } from "../wire/system_errors.ts";
import type { Transport } from "../transport/transport.ts";
import { Unsent } from "../wire/unsent.ts";
import { SharedRing, State } from "./shared_memory.ts";

/** A request of the handle's thread; `id` is the connection. */
export type WorkerRequest =
  | { readonly type: "open"; readonly id: number; readonly address: string; readonly memory: SharedArrayBuffer }
  | { readonly type: "room"; readonly id: number }
  | { readonly type: "close"; readonly id: number };

/** A connection of this worker for a handle of another thread. */
class KeptConnection {
  readonly #ring: SharedRing;
  #transport: Transport | null = null;
  readonly #waiting = new Unsent();
  #ended: { readonly cause: unknown } | null = null;
  #closed = false;

  constructor(memory: SharedArrayBuffer) {
    this.#ring = new SharedRing(memory);
  }

  async open(address: string): Promise<void> {
    try {
      const { transport } = await openTransport(address);
      if (this.#closed) return void transport.close();
      this.#transport = transport;
      transport.start({
        receive: (bytes) => this.#receive(bytes),
        ended: (cause) => this.#end(cause),
      });
      void this.#ring.serve((message) => transport.send(message), () => this.#closed);
      this.#ring.setState(State.OPEN);
    } catch (error) {
      this.#end(error);
    }
  }

  /** Puts the bytes that had no room. */
  resume(): void {
    this.#waiting.drain((bytes) => this.#ring.put(bytes));
    if (this.#ended !== null) this.#end(this.#ended.cause);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ring.interrupt();
    await this.#transport?.close();
    this.#ring.setState(State.CLOSED);
  }

  #receive(bytes: Uint8Array): void {
    const taken = this.#waiting.length > 0 ? 0 : this.#ring.put(bytes);
    if (taken < bytes.length) this.#waiting.push(bytes.slice(taken));
  }

  #end(cause: unknown): void {
    this.#ended = { cause };
    // The other side takes all bytes before it checks for the end.
    if (this.#waiting.length > 0) return;
    this.#ring.setState(State.ENDED, codeOf(cause) ?? "EPIPE", cause instanceof Error ? cause.message : String(cause));
  }
}

/** Serves the requests of the other thread. */
function serve(port: MessagePort): void {
  const connections = new Map<number, KeptConnection>();
  port.on("message", (request: WorkerRequest) => {
    const { id } = request;
    const connection = connections.get(id);
    if (request.type === "open") {
      const opened = new KeptConnection(request.memory);
      connections.set(id, opened);
      void opened.open(request.address);
    } else if (request.type === "room") connection?.resume();
    else {
      connections.delete(id);
      void connection?.close();
    }
  });
}

if (parentPort !== null) serve(parentPort);
