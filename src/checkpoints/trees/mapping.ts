// The mapping of a restore: from one top to another, and from one domain to another.

import { checkedWhole } from "../../wire/checks.ts";
import { childPath } from "../../wire/path.ts";
import { DOMID_MAX } from "../../wire/permissions.ts";
import { toLatin1 } from "../../wire/text.ts";
import { bytesOf } from "../bytes.ts";
import { type Classified, classOf } from "./key_classes.ts";
import { isWithin, rebased, type TreeNode } from "./tree_node.ts";

/** Two numbers of a domain. */
export interface DomidMapping {
  /** The number in the checkpoint, 0 to 65535. */
  readonly from: number;
  /** The number in the store, 0 to 65535. */
  readonly to: number;
}

/** The places of a domain in paths: its home, the toolstack's copy of it, and its backends and device model. */
const places: readonly RegExp[] = [
  /^(\/local\/domain\/)(\d+)(?=\/|$)/,
  /^(\/libxl\/)(\d+)(?=\/|$)/,
  /^(\/(?:local\/domain|libxl)\/\d+\/backend\/[^/]+\/)(\d+)(?=\/|$)/,
  /^(\/local\/domain\/\d+\/device-model\/)(\d+)(?=\/|$)/,
];

/** Maps the paths, values and permissions of a checkpoint. */
export class TreeMapping {
  /** The top in the checkpoint. */
  readonly from: string;
  /** The top in the store. */
  readonly to: string;
  readonly #domid: DomidMapping | null;
  /** The top in the checkpoint, with the new number of the domain. */
  readonly #mappedFrom: string;
  readonly #raw: boolean;

  /**
   * Maps the top `from` to `to`. Throws a `RangeError` if a domid is invalid, or unknown: a single number replaces the
   * last number of a domain in `from`.
   */
  constructor(from: string, to: string | undefined, domid: number | DomidMapping | undefined, raw: boolean) {
    this.from = from;
    this.#domid = domid === undefined ? null : domidsOf(from, domid);
    this.#mappedFrom = this.#mappedDomids(from);
    this.to = to ?? this.#mappedFrom;
    this.#raw = raw;
  }

  /** Returns the path in the store of a path in the checkpoint. */
  path(path: string): string {
    return rebased(this.#mappedDomids(path), this.#mappedFrom, this.to);
  }

  /** Whether nodes below the top may get other names. */
  get isRenaming(): boolean {
    return this.#domid !== null && this.#domid.from !== this.#domid.to;
  }

  /** Returns the levels below the top at which a path has the number that is mapped, as a text that names them. */
  renamedLevels(path: string): string {
    let levels = "";
    for (const [at, place] of places.entries()) {
      const [whole, , domid] = place.exec(path) ?? [];
      const isRenamed = domid === `${this.#domid?.from}`;
      if (isRenamed && whole !== undefined && whole.length > this.from.length) levels += at;
    }
    return levels;
  }

  /** Returns the class of a path in the store; `null` if its value is restored as it is. */
  classOf(path: string): Classified | null {
    const classified = classOf(rebased(path, this.to, this.from)) ?? classOf(path);
    const isVolatile = classified?.class === "left-out" || classified?.class === "reset";
    return this.#raw && isVolatile ? null : classified;
  }

  /** Returns the node in the store. Values that are reset, and nodes that are left out, are up to the caller. */
  node(node: TreeNode): TreeNode {
    const path = this.path(node.path);
    const value = this.#value(this.classOf(path)?.class ?? null, node.value);
    const order = !this.isRenaming || node.order === null ? node.order : node.order.map((name) => {
      const child = this.#mappedDomids(childPath(node.path, name));
      return child.slice(child.lastIndexOf("/") + 1);
    });
    return { path, value, permissions: node.permissions.map((text) => this.#permission(text)), order };
  }

  #value(of: Classified["class"] | null, value: Uint8Array): Uint8Array {
    if (of !== "path" && of !== "id") return value;
    const text = toLatin1(value);
    const mapped = of === "path" ? this.#mappedPath(text) : this.#mappedId(text);
    return mapped === text ? value : bytesOf(mapped);
  }

  #mappedId(text: string): string {
    return this.#domid !== null && text === `${this.#domid.from}` ? `${this.#domid.to}` : text;
  }

  #mappedPath(text: string): string {
    return isWithin(text, this.from) && text.startsWith("/") ? this.path(text) : this.#mappedDomids(text);
  }

  #permission(text: string): string {
    return this.#domid !== null && text.slice(1) === `${this.#domid.from}`
      ? `${text.slice(0, 1)}${this.#domid.to}`
      : text;
  }

  #mappedDomids(path: string): string {
    const domid = this.#domid;
    if (domid === null) return path;
    // The first places decide about the later ones, so all of them look at the same path.
    return places.reduce(
      (mapped, place) => mapped.replace(place, (all, before, old) => old === `${domid.from}` ? before + domid.to : all),
      path,
    );
  }
}

function domidsOf(top: string, domid: number | DomidMapping): DomidMapping {
  if (typeof domid === "object" && domid !== null) {
    const { from, to } = domid;
    return { from: checkedWhole(`domid.from`, from, 0, DOMID_MAX), to: checkedWhole("domid.to", to, 0, DOMID_MAX) };
  }
  const to = checkedWhole("domid", domid, 0, DOMID_MAX);
  const found = places.map((place) => place.exec(top)?.[2]).filter((text) => text !== undefined).at(-1);
  if (found === undefined) {
    throw new RangeError(`domid is ${domid}: ${JSON.stringify(top)} names no domain to replace: give { from, to }`);
  }
  return { from: Number(found), to };
}
