// The receivers of a change: finds the watches, checks what their owners may know, and queues the events.

import { HEADER_SIZE } from "../../wire/header.ts";
import type { Connection, Watch } from "./domains.ts";
import type { ChangeEvents } from "./draft.ts";
import type { Outbox } from "./outbox.ts";
import { type Permissions, Right } from "../tree/permissions.ts";
import type { Transaction } from "./transaction.ts";
import type { StoreNode } from "../tree/store_node.ts";
import { parentPath } from "../tree/paths.ts";
import type { View } from "../tree/tree.ts";
import { byOrder, WatchTrie } from "./watches.ts";

/** The node of an event, with the permissions that decide which domains may know of it. */
interface Subject {
  /** The node as it is, or as it was just before it was removed. */
  readonly node: StoreNode | undefined;
  /** The permissions of the node above it. */
  readonly above: Permissions | null | undefined;
  /** The permissions of the node before the change, if they differed. */
  readonly before: Permissions | null;
}

/** The watches of a daemon, and the events that they bring. */
export class Events implements ChangeEvents {
  readonly trie: WatchTrie = new WatchTrie();
  readonly #view: View;
  #watches = 0;
  /** The guest whose request is being answered, and the debt that it takes on with it. */
  #debtor: Connection | null = null;
  #debt: { open: number } | null = null;

  /** Looks at nodes in the store's own tree. */
  constructor(view: View) {
    this.#view = view;
  }

  /**
   * Says whose request causes the events that follow: what a guest causes and others do not take, holds it up
   * (XSA-326).
   */
  causedBy(connection: Connection | null): void {
    this.#debtor = connection?.privileged === false ? connection : null;
    this.#debt = null;
  }

  /** The place of a new watch in the order of all. */
  nextOrder(): number {
    return ++this.#watches;
  }

  changed(path: string, node: StoreNode, before: Permissions | null): void {
    const watches = this.trie.along(path);
    if (watches.length > 0) this.#fire(watches, path, { node, above: this.#above(path), before });
  }

  /** Fires for a removed node, and for those nodes below it that are watched themselves. */
  removed(path: string, node: StoreNode): void {
    for (const { path: below, node: inner, parent } of this.trie.below(path, node)) {
      this.#fire(this.trie.at(below), below, { node: inner, above: parent.permissions, before: null });
    }
    const watches = this.trie.along(path);
    if (watches.length > 0) this.#fire(watches, path, { node, above: this.#above(path), before: null });
  }

  /** A transaction was committed: one event for each node that it changed, in the order in which it met them. */
  committed({ accesses }: Transaction): void {
    const told = new Set<string>();
    for (const [path, { fires, permissions }] of accesses) {
      told.add(path);
      if (fires === "none") continue;
      const node = this.#view.get(path);
      const watches = fires === "exact" ? this.trie.at(path) : this.trie.along(path);
      if (watches.length === 0) continue;
      // One by one, as if they were written so: what is above the node counts as it was, unless its own turn came
      // before.
      const parent = parentPath(path);
      const above = told.has(parent) ? undefined : accesses.get(parent)?.permissions;
      this.#fire(watches, path, { node, above: above === undefined ? this.#above(path) : above, before: permissions });
    }
  }

  /** A special event: to watches without depth as it is, to those with depth with the domain's number. */
  special(name: "@introduceDomain" | "@releaseDomain", domid: number, to: "plain" | "numbered"): void {
    // Only the permissions of the special node count: reading the root does not entitle a domain to know the others
    // (XSA-115).
    const about: Subject = { node: this.#view.get(name), above: null, before: null };
    if (to === "plain") return this.#fire(this.trie.at(name).filter(({ depth }) => depth < 0), name, about);
    const path = `${name}/${domid}`;
    this.#fire(this.trie.along(path).filter((watch) => watch.path === path || watch.depth > 0), path, about);
  }

  /** The event that a watch brings, once. */
  send({ connection: { domain, outbox }, prefix, token }: Watch, path: string): void {
    // What a guest does not take must not fill the daemon's memory, over however many connections.
    if (!domain.privileged) {
      let bytes = domain.bytes + HEADER_SIZE + path.length + token.length;
      for (const { outbox: { unsent } } of domain.connections) bytes += unsent;
      if (domain.quotas.exceeds("memory", bytes)) return;
    }
    if (outbox.event(path.slice(prefix), token) && outbox.blocked) this.#owe(outbox);
  }

  #above(path: string): Permissions | undefined {
    return this.#view.get(parentPath(path))?.permissions;
  }

  #fire(watches: Watch[], path: string, about: Subject): void {
    if (watches.length > 1) watches.sort(byOrder);
    let last: Connection | null = null;
    let permitted = false;
    for (const watch of watches) {
      if (watch.connection !== last) permitted = mayKnow(last = watch.connection, about);
      if (permitted) this.send(watch, path);
    }
  }

  #owe(outbox: Outbox): void {
    const debtor = this.#debtor;
    if (debtor === null) return;
    const { domain } = debtor;
    const debt = this.#debt ??= { open: 0 };
    if (debt.open++ === 0) domain.outstanding++;
    outbox.whenTaken(() => {
      if (--debt.open > 0) return;
      domain.outstanding--;
      for (const connection of domain.connections) connection.onReleased();
    });
  }
}

/**
 * Tells whether a domain may know of a change: it may read the node before or after the change, or the node above
 * (XSA-115). No domain may know of a node that existed in a transaction alone (XSA-421).
 */
function mayKnow(connection: Connection, { node, above, before }: Subject): boolean {
  const readable = (permissions: Permissions | undefined | null): boolean =>
    permissions !== undefined && permissions !== null && (permissions.rightsOf(connection) & Right.READ) !== 0;
  return readable(before) || (node !== undefined && (readable(node.permissions) || readable(above)));
}
