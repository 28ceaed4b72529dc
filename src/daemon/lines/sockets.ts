// The sockets that a daemon listens on: each for one domain, and as long as there is that domain.

import { Connection } from "../state/domains.ts";
import type { Store } from "../state/store.ts";
import type { Serve } from "../sockets/line.ts";
import type { Links } from "./links.ts";
import type { Listener } from "./server.ts";

/** What of the store matters here. */
type Domains = Pick<Store, "introduced">;

/** Opens sockets, and closes them when their time has come. */
export class Sockets {
  readonly #domains: Domains;
  readonly #links: Links;
  readonly #open = new Set<GuardedSocket>();
  #closed = false;

  /** Takes the domains, and the links that serve the connections. */
  constructor(domains: Domains, links: Links) {
    this.#domains = domains;
    this.#links = links;
  }

  /**
   * Listens for a domain. Rejects as {@linkcode listen} does, and if the domain may not connect, or all sockets were
   * closed by then.
   */
  async open(path: string, domid: number): Promise<Listener> {
    const socket = new GuardedSocket(path, () => this.#open.delete(socket));
    if (this.#closed) throw await refusal(path, "the daemon was closed");
    this.#open.add(socket);
    try {
      socket.guard(this.#domains, domid);
      await socket.listen((line) => this.#links.open(domid, line));
    } catch (error) {
      await socket.close();
      throw error;
    }
    if (!socket.isClosed) return socket;
    throw await refusal(path, this.#closed ? "the daemon was closed" : `domain ${domid} is gone`);
  }

  /** Closes them all, and those that are about to be opened. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open].map((socket) => socket.close()));
  }
}

// What listens is loaded on demand, since most daemons do not.
async function refusal(path: string, state: string): Promise<Error> {
  const { cannotListen } = await import("./server.ts");
  return cannotListen(path, state);
}

/** A socket whose domain may go. */
class GuardedSocket implements Listener {
  readonly path: string;
  readonly #onClose: () => void;
  #listener: Listener | null = null;
  #release: () => void = () => {};
  #closed: Promise<void> | null = null;

  constructor(path: string, onClose: () => void) {
    this.path = path;
    this.#onClose = onClose;
  }

  get isClosed(): boolean {
    return this.#closed !== null;
  }

  async listen(serve: Serve): Promise<void> {
    const { listen } = await import("./server.ts");
    this.#listener = await listen(this.path, serve);
    // The socket may have been closed by now.
    if (this.isClosed) await this.#listener.close();
  }

  /**
   * Closes the socket when its domain is gone, which drops every connection of the domain, and so also a connection
   * that only serves as a guard. A domain that starts anew drops its connections as well, but keeps the socket. Throws
   * a `RangeError` if the domain may not connect.
   */
  guard(domains: Domains, domid: number): void {
    const domain = domains.introduced(domid);
    if (domain === undefined) throw new RangeError(`cannot listen for domain ${domid}: it is not introduced`);
    const guard = new Connection(0, domain);
    domain.connections.add(guard);
    this.#release = () => domain.connections.delete(guard);
    guard.onDropped = () => {
      if (domains.introduced(domid) !== domain) void this.close();
    };
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#release();
    this.#onClose();
    await this.#listener?.close();
  }
}
