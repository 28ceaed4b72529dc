// What a differential test does, step by step: data that can be printed, cut, and done again.

import { Operation } from "../../../src/wire/operations.ts";

/** The connections: three of domain 0, and one each of three guests. */
export const SLOTS = [0, 0, 0, 1, 2, 3] as const;
/** The domains of the guests. */
export const GUESTS = [1, 2, 3] as const;
/** Domids that no domain has, though requests name them. */
export const NOBODY = [5, 8, 9, 99, 4294967295] as const;

/** A request; each byte of its payload is a character. */
export interface Request {
  readonly type: number;
  readonly text: string;
  /**
   * 0: none. From 1 on: the transactions that are open on the connection, counted from the last, and over again. Below 0:
   * an id that no transaction has.
   */
  readonly tx: number;
}

/** One step. */
export type Step =
  /** Sends requests in one write. */
  | { readonly kind: "send"; readonly slot: number; readonly requests: readonly Request[] }
  /** Closes a connection of domain 0, and connects anew. */
  | { readonly kind: "reopen"; readonly slot: number }
  /** Sends a length that no message has: the store closes the connection. Then connects anew. */
  | { readonly kind: "oversize"; readonly slot: number; readonly length: number }
  /** The hypervisor says that the domain has shut down. */
  | { readonly kind: "shutdown"; readonly domid: number }
  /** The hypervisor says that the domain is no more. */
  | { readonly kind: "destroy"; readonly domid: number };

const names = new Map<number, string>(Object.entries(Operation).map(([name, type]) => [type, name]));

/** A payload as it is printed: "|" for NUL, long rows of one character cut, others as JSON has them. */
export function shownText(text: string): string {
  return JSON.stringify(text.replaceAll("\0", "|")).slice(1, -1).replace(
    /(.)\1{30,}/g,
    (row: string, character: string) => `<${row.length} x ${character}>`,
  );
}

/** A request as it is printed. */
export function shownRequest({ type, text, tx }: Request): string {
  return `${names.get(type) ?? `operation ${type}`} "${shownText(text)}"${tx === 0 ? "" : ` tx ${tx}`}`;
}

/** A step as it is printed. */
export function shownStep(step: Step): string {
  if (step.kind === "send") return `${shownSlot(step.slot)}: ${step.requests.map(shownRequest).join("; ")}`;
  if ("slot" in step) return `${shownSlot(step.slot)}: ${step.kind}`;
  return `${step.kind} domain ${step.domid}`;
}

/** A connection as it is printed. */
export function shownSlot(slot: number): string {
  return SLOTS[slot] === 0 ? `dom0#${slot}` : `dom${SLOTS[slot]}`;
}

/** How many requests a step sends. */
export function sizeOf(step: Step): number {
  return step.kind === "send" ? step.requests.length : 1;
}
