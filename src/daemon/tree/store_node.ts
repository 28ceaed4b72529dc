// A node of the tree, which never changes.

import { type Children, noChildren } from "./children.ts";
import { fromBytes, toBytes } from "./latin1.ts";
import type { Permissions } from "./permissions.ts";

/** A node. One text for its name and its value: a node takes little memory, in few places of it. */
export class StoreNode {
  /** Its name, a NUL, and its value; a character for each byte. */
  readonly text: string;
  /** The permissions of the node. */
  readonly permissions: Permissions;
  /** The nodes below it. */
  readonly children: Children<StoreNode>;
  /** Another number after every change of its value, its permissions or the names of its children. */
  readonly generation: number;
  /** The place among its siblings, in the order of creation. */
  readonly order: number;

  /** Makes a node of its parts; `text` is as {@linkcode nodeText} makes it. */
  constructor(
    text: string,
    permissions: Permissions,
    children: Children<StoreNode>,
    generation: number,
    order: number,
  ) {
    this.text = text;
    this.permissions = permissions;
    this.children = children;
    this.generation = generation;
    this.order = order;
  }

  /** Its last name. */
  get name(): string {
    return this.text.slice(0, this.text.indexOf("\0"));
  }

  /** Its value, a character for each byte. */
  get value(): string {
    return this.text.slice(this.text.indexOf("\0") + 1);
  }

  /** Whether its name is this one. */
  isNamed(name: string): boolean {
    const { text } = this;
    return text.charCodeAt(name.length) === 0 && text.startsWith(name);
  }

  /** Bytes that count for the quotas: a header, the permissions, the value, and the names of the children. */
  get size(): number {
    return nodeSize(this.permissions, valueLength(this.text), this.children.listingBytes);
  }
}

/** The text of a node. A text by itself: parts of messages would keep the whole messages alive. */
export function nodeText(name: string, value: string): string {
  return fromBytes(toBytes(`${name}\0${value}`));
}

/** The number of bytes of the value in the text of a node. */
export function valueLength(text: string): number {
  return text.length - text.indexOf("\0") - 1;
}

/** A top of a tree without nodes. */
export function emptyTop(permissions: Permissions): StoreNode {
  return new StoreNode("\0", permissions, noChildren(), 0, 0);
}

/** Bytes that count for the quotas, for a node of these parts. */
export function nodeSize(permissions: Permissions, valueBytes: number, listingBytes: number): number {
  return 16 + 8 * permissions.entries.length + valueBytes + listingBytes;
}
