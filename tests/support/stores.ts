// A series of stores, for the tests of reconnecting.

import { type Client, connect } from "../../src/client/client.ts";
import type { ReconnectOptions } from "../../src/client/connection.ts";
import type { Status } from "../../src/client/status.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { Peer, type Received } from "./peer.ts";

/** Opens a new store for each connection. Each store answers every request, and sends events of watched paths. */
export class Stores {
  /** The number of attempted connections. */
  opened = 0;
  /** The statuses that the client reported. */
  readonly seen: Status[] = [];
  /** The error of every attempt. */
  fail: Error | null = null;
  /** How many of the next attempts fail. */
  failures = 0;
  /** The path that cannot be watched. */
  refused: string | null = null;
  /** The features of the stores. */
  features = "14";
  /** Resolves at the first held attempt. */
  attempted: Promise<void> = Promise.resolve();
  readonly #peers: Peer[] = [];
  #tokens = new Map<string, string>();
  #waiting: { type: Status["type"]; resolve: (status: Status) => void }[] = [];
  #unseen: Status[] = [];
  #held: Promise<void> | null = null;
  #onAttempt: () => void = () => {};
  #onRelease: () => void = () => {};

  /** The store of the newest connection. */
  get newest(): Peer {
    const peer = this.#peers.at(-1);
    if (peer === undefined) throw new Error("no connection was made");
    return peer;
  }

  /** The watches of the newest store, as `"PATH"` or `"PATH|DEPTH"`. */
  get watches(): string[] {
    return [...this.#tokens.values()];
  }

  /** The number of connected stores. */
  get live(): number {
    return this.#peers.filter(({ isOver }) => !isOver).length;
  }

  /** Connects a client that reconnects, by default without pauses. */
  async connect(reconnect: ReconnectOptions = {}): Promise<Client> {
    return await connect(() => this.open(), {
      reconnect: { backoff: { initial: 0, max: 0 }, ...reconnect },
      onStatus: (status) => this.report(status),
    });
  }

  /** Creates a new store. */
  async open(): Promise<Transport> {
    this.opened++;
    this.#onAttempt();
    await this.#held;
    if (this.failures > 0) {
      this.failures--;
      throw new Error("no client has connected yet");
    }
    if (this.fail !== null) throw this.fail;
    const peer = new Peer();
    this.#tokens = new Map();
    peer.serve((request) => this.#answer(peer, request));
    this.#peers.push(peer);
    return peer.transport;
  }

  /** Holds the next attempts until release(). */
  hold(): void {
    this.attempted = new Promise((resolve) => this.#onAttempt = resolve);
    this.#held = new Promise((resolve) => this.#onRelease = resolve);
  }

  release(): void {
    this.#onRelease();
    this.#held = null;
  }

  /** Sends an event to each watch of exactly this path. */
  change(path: string): void {
    for (const [token, watched] of this.#tokens) {
      if (watched.split("|")[0] === path) this.newest.event(path, token);
    }
  }

  report(status: Status): void {
    this.seen.push(status);
    this.#unseen.push(status);
    this.#tell();
  }

  /** Resolves with the next status of this type that was not returned before. */
  status(type: Status["type"]): Promise<Status> {
    return new Promise((resolve) => {
      this.#waiting.push({ type, resolve });
      this.#tell();
    });
  }

  #tell(): void {
    for (const waiter of [...this.#waiting]) {
      const at = this.#unseen.findIndex((status) => status.type === waiter.type);
      const status = this.#unseen[at];
      if (status === undefined) continue;
      this.#unseen = this.#unseen.slice(at + 1);
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
      waiter.resolve(status);
    }
  }

  #answer(peer: Peer, request: Received): void {
    const [operation] = request.text.split(" ");
    const [path = "", token = "", depth] = request.strings;
    if (operation === "GET_FEATURE") return request.reply(this.features);
    if (operation === "TRANSACTION_START") return request.reply("1");
    if (operation === "READ") return request.reply();
    if (operation === "UNWATCH") this.#tokens.delete(token);
    if (operation !== "WATCH") return request.ok();
    if (path === this.refused) return request.error("ENOSPC");
    this.#tokens.set(token, depth === undefined ? path : `${path}|${depth}`);
    request.ok();
    peer.event(path, token);
  }
}
