// All links of a daemon.

import { ConnectionError } from "../../transport/errors.ts";
import type { Clock } from "../clock.ts";
import type { Connection } from "../state/domains.ts";
import type { Line, LineUser } from "../sockets/line.ts";
import type { Responder } from "./responder.ts";
import { Link, type LinkContext } from "./link.ts";
import type { Observer } from "./observer.ts";

/** How patient a daemon is with who does not read. */
export interface Patience {
  /**
   * How many bytes may wait for a connection that does not read what was sent to it, before it is cut; 1 MiB by
   * default. What a socket takes up is not counted. Who reads has the time to: where a single request, a large commit
   * for instance, causes more at once, twice as much as that may wait until it has been read.
   */
  readonly unsentMax?: number;
  /** How many milliseconds a connection may read nothing while something waits, before it is cut; 20,000 by default. */
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
  /** Called when the last one is over. */
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

  /** How many there are. */
  get size(): number {
    return this.#links.size;
  }

  /**
   * Serves a domain over a line. Throws what the responder throws of a domain that may not connect, and after the end.
   */
  open(domid: number, line: Line): LineUser {
    if (this.#ended) throw new ConnectionError("cannot connect: the daemon was closed");
    const link = new Link(this.#context, this.#attach(domid), line);
    this.#links.add(link);
    return link;
  }

  /** Cuts those for whom more waits than may, after a change that no request made. */
  check(): void {
    for (const link of this.#context.full) link.check();
  }

  /** Ends them all, for good. */
  end(): void {
    this.#ended = true;
    for (const link of this.#links) link.end();
  }
}
