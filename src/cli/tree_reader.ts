// Reads a tree ahead of its visit, with the requests of many nodes in flight concurrently.

import type { Session } from "./session.ts";

/** The largest number of nodes that are requested or read, but not visited yet. It bounds the memory. */
const AHEAD_MAX = 512;

/** The result of a request. */
export type Result<T> = { readonly value: T } | { readonly error: unknown };

/** What was read of a node. */
export interface Content {
  readonly value: Result<Uint8Array>;
  /** Not read if the permissions are not wanted. */
  readonly permissions: Result<readonly string[]> | null;
  readonly children: Result<readonly Found[]>;
}

/** A node that was found in its parent's list. */
export interface Found {
  readonly name: string;
  readonly path: string;
  /** The number of levels below the top. The children of the top are at 0. */
  readonly depth: number;
  isRequested: boolean;
  content: Content | null;
  /** Called with the content, if the visit waits for it. */
  settled: (content: Content) => void;
}

const nothing = (): void => {};

/** Answers the requests of a reader: a session, or a filter in front of it. */
export type Source = Pick<Session, "read" | "permissions" | "list">;

/** Reads the nodes below a top. */
export class TreeReader {
  readonly #session: Source;
  readonly #wantsPermissions: boolean;
  readonly #levels: number;
  /** The nodes that were found and not requested, the next one last. */
  #waiting: Found[] = [];
  #ahead = 0;

  /** Makes a reader of at most so many levels. */
  constructor(session: Source, wantsPermissions: boolean, levels: number = Infinity) {
    this.#session = session;
    this.#wantsPermissions = wantsPermissions;
    this.#levels = levels;
  }

  /** Lists the children of the top. */
  async start(top: string): Promise<readonly Found[]> {
    const children = this.#find(top, 0, await this.#session.list(top));
    this.#requestMore();
    return children;
  }

  /** Returns what was read of a node, and waits for it if necessary. Called once for each node. */
  take(found: Found): Content | Promise<Content> {
    const { content } = found;
    if (content === null) return this.#wait(found);
    this.#taken();
    return content;
  }

  #wait(found: Found): Promise<Content> {
    const done = new Promise<Content>((resolve) => found.settled = resolve);
    // The visit may overtake the order of the requests, which is only about that of the visit.
    this.#request(found);
    return done.then((content) => {
      this.#taken();
      return content;
    });
  }

  #taken(): void {
    this.#ahead--;
    this.#requestMore();
  }

  #requestMore(): void {
    while (this.#ahead < AHEAD_MAX) {
      const next = this.#waiting.pop();
      if (next === undefined) return;
      this.#request(next);
    }
  }

  /** Requests a node, unless that was done. Callbacks, because an async function for each node would cost more. */
  #request(found: Found): void {
    if (found.isRequested) return;
    found.isRequested = true;
    this.#ahead++;
    const { path, depth } = found;
    let value: Content["value"] | undefined;
    let permissions: Content["permissions"] | undefined = this.#wantsPermissions ? undefined : null;
    let children: Content["children"] | undefined;
    const settle = (): void => {
      if (value === undefined || permissions === undefined || children === undefined) return;
      found.content = { value, permissions, children };
      found.settled(found.content);
    };
    this.#session.read(path).then(
      (read) => (value = { value: read }, settle()),
      (error: unknown) => (value = { error }, settle()),
    );
    if (this.#wantsPermissions) {
      this.#session.permissions(path).then(
        (read) => (permissions = { value: read }, settle()),
        (error: unknown) => (permissions = { error }, settle()),
      );
    }
    this.#session.list(path).then(
      (names) => {
        children = { value: this.#find(path, depth + 1, names) };
        settle();
        this.#requestMore();
      },
      (error: unknown) => (children = { error }, settle()),
    );
  }

  #find(parent: string, depth: number, names: readonly string[]): readonly Found[] {
    if (depth >= this.#levels) return [];
    const prefix = parent.endsWith("/") ? parent : `${parent}/`;
    const found = names.map((name): Found => ({
      name,
      path: prefix + name,
      depth,
      isRequested: false,
      content: null,
      settled: nothing,
    }));
    for (let at = found.length - 1; at >= 0; at--) {
      const one = found[at];
      if (one !== undefined) this.#waiting.push(one);
    }
    return found;
  }
}
