// Reads a tree ahead of its visit, with the requests of many nodes in flight concurrently.

import type { Progress } from "../events/progress.ts";

/** No estimate takes the visited nodes for less than this part of the tree. */
const SHARE_MIN = 1 / 1000;
/** How many nodes after the visited one are read ahead, and how many nodes are requested concurrently at most. */
const AHEAD_MAX = 512;
/** How many nodes are read ahead at first, and while many are known: each may be a directory with many children. */
const AHEAD_MIN = 32;
/** From so many nodes that were found and not visited, fewer are read ahead. */
const KNOWN_MANY = 1 << 16;
/** After so many visits, more nodes are requested. */
const VISITS = 64;

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
  /** The part of the whole work that this node and the nodes below it are taken for, from 0 to 1. */
  readonly share: number;
  /** The node that is visited after this one, as far as the tree is known. */
  next: Found | null;
  isRequested: boolean;
  content: Content | null;
  /** Called with the content, if the visit waits for it. */
  settled: (content: Content) => void;
}

const nothing = (): void => {};

/** Answers the requests of a reader: a connection or a transaction, or a filter in front of it. */
export interface Source {
  /** Reads a value. */
  read(path: string): Promise<Uint8Array>;
  /** Reads the permissions, as the store writes them. */
  permissions(path: string): Promise<readonly string[]>;
  /** Lists the names of the children. The caller may sort the list. */
  list(path: string): Promise<string[]>;
}

/**
 * Reads the nodes below a top.
 *
 * The nodes that were found and not visited are a list in the order of the visit. Only the first ones are requested.
 * So the values in memory depend on the depth of the tree, and not on its size.
 */
export class TreeReader {
  readonly #source: Source;
  readonly #wantsPermissions: boolean;
  readonly #levels: number;
  #head: Found | null = null;
  #inFlight = 0;
  #visits = 0;
  /** The shares of the visited nodes that have no nodes below them. */
  #done = 0;
  /** The nodes that were found, except the visited ones. */
  #known = 0;

  /** Makes a reader of at most so many levels. */
  constructor(source: Source, wantsPermissions: boolean, levels: number = Infinity) {
    this.#source = source;
    this.#wantsPermissions = wantsPermissions;
    this.#levels = levels;
  }

  /** Lists the children of the top. */
  async start(top: string): Promise<readonly Found[]> {
    const children = this.#find(top, 0, await this.#source.list(top), null, 1);
    this.#head = children[0] ?? null;
    this.#requestMore();
    return children;
  }

  /**
   * Returns what was read of a node, and waits for it if necessary.
   *
   * Called once for each node, in the order of the tree: a node before its children, and these before its next sibling.
   */
  take(found: Found): Content | Promise<Content> {
    const { content } = found;
    if (content === null) return this.#wait(found);
    this.#taken(found, content);
    return content;
  }

  /**
   * Tells how many nodes are visited, and how many nodes the tree seems to have. The children of a node are taken for
   * equal parts of it. So the total changes as the tree becomes known, and the part that is done grows only.
   */
  report(work: Pick<Progress, "advance">): void {
    const visited = this.#visits;
    work.advance(visited, Math.max(visited + 1, Math.round(visited / Math.max(this.#done, SHARE_MIN))));
  }

  #wait(found: Found): Promise<Content> {
    const done = new Promise<Content>((resolve) => found.settled = resolve);
    this.#head = found;
    // The limit of requests may be used up by nodes that are visited later.
    this.#request(found);
    this.#requestMore();
    return done.then((content) => {
      this.#taken(found, content);
      return content;
    });
  }

  #taken(found: Found, { children }: Content): void {
    if (!("value" in children) || children.value.length === 0) this.#done += found.share;
    this.#head = found.next;
    // A visited node that still led to the next one would keep it alive in the collector's old generation.
    found.next = null;
    // A caller that keeps the first nodes would keep all visited nodes and values alive.
    found.content = null;
    this.#known--;
    if (++this.#visits % VISITS === 0) this.#requestMore();
  }

  #requestMore(): void {
    let next = this.#head;
    const ahead = this.#known > KNOWN_MANY ? AHEAD_MIN : Math.min(AHEAD_MIN + this.#visits, AHEAD_MAX);
    for (let at = 0; at < ahead && this.#inFlight < AHEAD_MAX && next !== null; at++) {
      this.#request(next);
      next = next.next;
    }
  }

  /** Requests a node, unless that was done. Callbacks, because an async function for each node would cost more. */
  #request(found: Found): void {
    if (found.isRequested) return;
    found.isRequested = true;
    this.#inFlight++;
    const { path, depth } = found;
    let value: Content["value"] | undefined;
    let permissions: Content["permissions"] | undefined = this.#wantsPermissions ? undefined : null;
    let children: Content["children"] | undefined;
    const settle = (): void => {
      if (value === undefined || permissions === undefined || children === undefined) return;
      this.#inFlight--;
      found.content = { value, permissions, children };
      found.settled(found.content);
    };
    this.#source.read(path).then(
      (read) => (value = { value: read }, settle()),
      (error: unknown) => (value = { error }, settle()),
    );
    if (this.#wantsPermissions) {
      this.#source.permissions(path).then(
        (read) => (permissions = { value: read }, settle()),
        (error: unknown) => (permissions = { error }, settle()),
      );
    }
    this.#source.list(path).then(
      (names) => {
        children = { value: this.#find(path, depth + 1, names, found, found.share) };
        settle();
        if (children.value.length > 0) this.#requestMore();
      },
      (error: unknown) => (children = { error }, settle()),
    );
  }

  /** Makes the children of a node, and puts them after their parent into the list. The top is not in the list. */
  #find(
    path: string,
    depth: number,
    names: readonly string[],
    parent: Found | null,
    whole: number,
  ): readonly Found[] {
    if (depth >= this.#levels) return [];
    const prefix = path.endsWith("/") ? path : `${path}/`;
    const share = whole / names.length;
    const found = names.map((name): Found => ({
      name,
      path: prefix + name,
      depth,
      share,
      next: null,
      isRequested: false,
      content: null,
      settled: nothing,
    }));
    this.#known += found.length;
    let next = parent?.next ?? null;
    for (const one of found.toReversed()) {
      one.next = next;
      next = one;
    }
    if (parent !== null) parent.next = next;
    return found;
  }
}
