// All links of a daemon.

import { ConnectionError } from "../../transport/errors.ts";
import type { Clock } from "../clock.ts";
import type { Connection } from "../state/domains.ts";
import type { Line, LineUser } from "../sockets/line.ts";
import type { Responder } from "./responder.ts";
import { Link, type LinkContext } from "./link.ts";
import type { Observer } from "./observer.ts";

/** How much and how long a client may leave unread. */
export interface Patience {
  /**
   * The largest number of bytes that wait for a client that does not read, before the client is disconnected.
   *
   * Bytes that the socket has taken are not counted. If one request, such as a large commit, causes more at a time,
   * twice as much may wait until the client has read it.
   *
   * @default 1048576
   */
  readonly unsentMax?: number;
  /**
   * The longest time without progress while bytes wait, in milliseconds, before the client is disconnected.
   *
   * @default 20000
   */
  readonly unsentMs?: number;
}

const UNSENT_MAX = 1 << 20;
const UNSENT_MS = 20_000;

/** Opens links, and ends them together. */
export class Links {
  readonly #attach: (domid: number) => Connection;
  readonly #context: LinkContext;
  readonly #links = new Set<Link>();
  #ended = false;
  /** Called when the last link is over. */
  onIdle: () => void = () => {};

  /** Takes the responder, and what the links share. */
  constructor(
    responder: Responder & { attach(domid: number): Connection },
    clock: Clock,
    observer: Observer,
    { unsentMax = UNSENT_MAX, unsentMs = UNSENT_MS }: Patience = {},
    commit: () => boolean = () => true,
  ) {
    this.#attach = (domid) => responder.attach(domid);
    const over = (link: Link) => {
      this.#links.delete(link);
      if (this.#links.size === 0) this.onIdle();
    };
    this.#context = {
      responder,
      clock,
      observer,
      unsentMax,
      unsentMs,
      full: new Set(),
      large: new Set(),
      commit,
      over,
    };
  }

  /** The number of links. */
  get size(): number {
    return this.#links.size;
  }

  /**
   * Serves a domain over a line. Throws the error of the responder for a domain that may not connect, and a
   * `ConnectionError` after the end.
   */
  open(domid: number, line: Line): LineUser {
    if (this.#ended) throw new ConnectionError("cannot connect: the daemon was closed");
    const link = new Link(this.#context, this.#attach(domid), line);
    this.#links.add(link);
    return link;
  }

  /** Disconnects clients whose unsent backlog exceeds the limit, after a change that no request made. */
  check(): void {
    for (const link of this.#context.full) link.check();
  }

  /** Ends all links, for good. */
  end(): void {
    this.#ended = true;
    for (const link of this.#links) link.end();
  }
}
