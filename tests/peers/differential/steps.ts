// The steps of a differential test: data that can be printed, shortened and repeated.

import { Operation } from "../../../src/wire/operations.ts";

/** The connections: three of domain 0, and one of each guest. */
export const SLOTS = [0, 0, 0, 1, 2, 3] as const;
/** The domids of the guests. */
export const GUESTS = [1, 2, 3] as const;
/** Domids that no domain has, but requests name. */
export const NOBODY = [5, 8, 9, 99, 4294967295] as const;

/** A request. Each character of its payload is a byte. */
export interface Request {
  readonly type: number;
  readonly text: string;
  /**
   * 0: no transaction. From 1: the open transactions of the connection, counted from the last one and repeated.
   * Below 0: an id that no transaction has.
   */
  readonly tx: number;
}

/** One step. */
export type Step =
  /** Sends requests in one write. */
  | { readonly kind: "send"; readonly slot: number; readonly requests: readonly Request[] }
  /** Closes a connection of domain 0, and connects again. */
  | { readonly kind: "reopen"; readonly slot: number }
  /** Sends a header with an invalid length, after which the store closes the connection. Then connects again. */
  | { readonly kind: "oversize"; readonly slot: number; readonly length: number }
  /** The hypervisor reports the domain's shutdown. */
  | { readonly kind: "shutdown"; readonly domid: number }
  /** The hypervisor reports the domain's end. */
  | { readonly kind: "destroy"; readonly domid: number };

const names = new Map<number, string>(Object.entries(Operation).map(([name, type]) => [type, name]));

/** A payload as text: "|" for NUL, long repetitions of a character shortened, other bytes as in JSON. */
export function shownText(text: string): string {
  return JSON.stringify(text.replaceAll("\0", "|")).slice(1, -1).replace(
    /(.)\1{30,}/g,
    (row: string, character: string) => `<${row.length} x ${character}>`,
  );
}

/** A request as text. */
export function shownRequest({ type, text, tx }: Request): string {
  return `${names.get(type) ?? `operation ${type}`} "${shownText(text)}"${tx === 0 ? "" : ` tx ${tx}`}`;
}

/** A step as text. */
export function shownStep(step: Step): string {
  if (step.kind === "send") return `${shownSlot(step.slot)}: ${step.requests.map(shownRequest).join("; ")}`;
  if ("slot" in step) return `${shownSlot(step.slot)}: ${step.kind}`;
  return `${step.kind} domain ${step.domid}`;
}

/** A connection as text. */
export function shownSlot(slot: number): string {
  return SLOTS[slot] === 0 ? `dom0#${slot}` : `dom${SLOTS[slot]}`;
}

/** How many requests a step sends. */
export function sizeOf(step: Step): number {
  return step.kind === "send" ? step.requests.length : 1;
}
