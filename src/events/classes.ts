// The classes of events: their bits, their names, and the payload of each.

/**
 * The bit of each class of events, numbered as in libguestfs. Masks are sums of bits.
 *
 * @example
 * ```ts
 * import { EventClass, eventToString } from "tsxs";
 *
 * console.log(eventToString(EventClass.TRACE | EventClass.WARNING)); // trace,warning
 * ```
 */
export const EventClass = {
  /** The client or daemon closes. */
  CLOSE: 1,
  /** The connection, or the embedded daemon, ended by itself. */
  SUBPROCESS_QUIT: 2,
  /** The client is connected, or the daemon is ready. */
  LAUNCH_DONE: 4,
  /** A long operation advanced. */
  PROGRESS: 8,
  /** The embedded daemon logs a line. */
  APPLIANCE: 16,
  /** The library logs a line. */
  LIBRARY: 32,
  /** A request starts, or a reply or watch event arrives. */
  TRACE: 64,
  /** An operation begins. */
  ENTER: 128,
  /** Reserved: the number of an event of libguestfs that never occurs here. */
  LIBVIRT_AUTH: 256,
  /** Something is wrong, but the operation goes on. */
  WARNING: 512,
} as const;

/** The bit of one class of events. */
export type EventBit = typeof EventClass[keyof typeof EventClass];

/** The name of a class of events, as {@linkcode eventToString} writes it. */
export type EventName = Lowercase<keyof typeof EventClass>;

/** The mask of all classes. */
export const EVENT_ALL = 1023;

/** The object closes, before it releases anything. */
export interface CloseEvent {
  /** The name of the class. */
  readonly type: "close";
  /** The bit of the class. */
  readonly class: typeof EventClass.CLOSE;
}

/** The connection, or the embedded daemon, ended by itself. */
export interface SubprocessQuitEvent {
  /** The name of the class. */
  readonly type: "subprocess_quit";
  /** The bit of the class. */
  readonly class: typeof EventClass.SUBPROCESS_QUIT;
}

/** The client is connected, or the daemon is ready. */
export interface LaunchDoneEvent {
  /** The name of the class. */
  readonly type: "launch_done";
  /** The bit of the class. */
  readonly class: typeof EventClass.LAUNCH_DONE;
}

/**
 * A long operation advanced.
 *
 * The first event comes 2 s after the operation began, and later events at least a third of a second apart. If any
 * event came and the operation succeeds, the last event has `position` equal to `total`.
 */
export interface ProgressEvent {
  /** The name of the class. */
  readonly type: "progress";
  /** The bit of the class. */
  readonly class: typeof EventClass.PROGRESS;
  /** The number of the protocol's operation, or a number of the library's from 1000: see `operation`. */
  readonly operationNumber: number;
  /** The name of the operation, such as `"walk"`. */
  readonly operation: string;
  /** The number of this run of the operation, from 1 for each object. */
  readonly serial: number;
  /** How far the operation is, from 0 to `total`. The unit depends on the operation. */
  readonly position: number;
  /** The position of the end. If the end is unknown, events have position 0 and total 1 until the last, 1 and 1. */
  readonly total: number;
}

/** The embedded daemon logs a line. */
export interface ApplianceEvent {
  /** The name of the class. */
  readonly type: "appliance";
  /** The bit of the class. */
  readonly class: typeof EventClass.APPLIANCE;
  /** The line, unescaped. */
  readonly text: string;
}

/** The library logs a line. */
export interface LibraryEvent {
  /** The name of the class. */
  readonly type: "library";
  /** The bit of the class. */
  readonly class: typeof EventClass.LIBRARY;
  /** The line, unescaped. */
  readonly text: string;
}

/** A request starts, or a reply or watch event arrives. */
export interface TraceEvent {
  /** The name of the class. */
  readonly type: "trace";
  /** The bit of the class. */
  readonly class: typeof EventClass.TRACE;
  /** The event as one line, with values cut at 256 bytes. */
  readonly text: string;
  /** What happened: a request starts, its reply or error arrives, or a watch event arrives. */
  readonly phase: "start" | "reply" | "event";
  /** The operation, such as `"READ"` or `"WATCH_EVENT"`. */
  readonly operation: string;
  /** The path, if the operation has one. */
  readonly path: string | undefined;
  /** The transaction of the request, 0 for none. */
  readonly transactionId: number;
  /** The id of the request, 0 for a watch event. */
  readonly requestId: number;
  /** Milliseconds from the start of the request to its end. `undefined` except for a reply. */
  readonly duration: number | undefined;
  /** Why the request failed. `undefined` if it did not. */
  readonly error: unknown;
}

/** An operation begins. */
export interface EnterEvent {
  /** The name of the class. */
  readonly type: "enter";
  /** The bit of the class. */
  readonly class: typeof EventClass.ENTER;
  /** The name of the operation, such as `"READ"` or `"walk"`. */
  readonly operation: string;
}

/** Something is wrong, but the operation goes on. */
export interface WarningEvent {
  /** The name of the class. */
  readonly type: "warning";
  /** The bit of the class. */
  readonly class: typeof EventClass.WARNING;
  /** What is wrong, unescaped. */
  readonly text: string;
  /** The error that caused the warning, if an error did. */
  readonly cause: unknown;
}

/** An event of a client, a daemon or another long-lived object. `class` and `type` tell the kinds apart. */
export type TsxsEvent =
  | CloseEvent
  | SubprocessQuitEvent
  | LaunchDoneEvent
  | ProgressEvent
  | ApplianceEvent
  | LibraryEvent
  | TraceEvent
  | EnterEvent
  | WarningEvent;

const names = Object.entries(EventClass).map(([name, bit]) => [bit, name.toLowerCase() as EventName] as const);

/**
 * Returns the names of the classes of a mask, in the order of their bits.
 *
 * @param mask The mask, from 0 to {@linkcode EVENT_ALL}.
 * @returns The names in lower case, separated by commas; `""` for 0.
 * @throws {RangeError} If the mask has a bit of no class.
 *
 * @example
 * ```ts
 * import { EVENT_ALL, EventClass, eventToString } from "tsxs";
 *
 * console.log(eventToString(EventClass.CLOSE | EventClass.PROGRESS)); // close,progress
 * console.log(eventToString(EVENT_ALL).split(",").length); // 10
 * ```
 */
export function eventToString(mask: number): string {
  checkMask(mask, "eventToString");
  return names.filter(([bit]) => (mask & bit) !== 0).map(([, name]) => name).join(",");
}

/** Returns a value that is no valid number for the text of an error. An object may have no text of its own. */
export function valueText(value: unknown): string {
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** Throws a `RangeError` if a mask is invalid. `operation` is the caller, for the text. */
export function checkMask(mask: number, operation: string): void {
  if (Number.isInteger(mask) && mask >= 0 && mask <= EVENT_ALL) return;
  const unknown = Number.isSafeInteger(mask) && mask > EVENT_ALL ? `: no class has the bits above ${EVENT_ALL}` : "";
  throw new RangeError(
    `${operation}: mask is ${valueText(mask)}: expected a whole number from 0 to ${EVENT_ALL}${unknown}`,
  );
}

/** Returns the mask of a mask or of the name of a class. Throws a `RangeError` if there is no such class. */
export function maskOf(maskOrName: number | EventName, operation: string): number {
  if (typeof maskOrName !== "string") {
    checkMask(maskOrName, operation);
    return maskOrName;
  }
  const found = names.find(([, name]) => name === maskOrName);
  if (found !== undefined) return found[0];
  const known = names.map(([, name]) => name).join(", ");
  throw new RangeError(
    `${operation}: ${JSON.stringify(maskOrName)} is not the name of a class: expected one of ${known}`,
  );
}
