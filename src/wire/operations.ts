// The operations of the XenStore protocol: their numbers on the wire and their names.

/**
 * The type word of a message, by the name that Xen's `xs_wire.h` gives it.
 *
 * Requests and their replies carry the same number; `WATCH_EVENT` and `ERROR` only ever come from the store.
 *
 * @example
 * ```ts
 * import { connect, Operation } from "tsxs";
 *
 * await using store = await connect();
 * const path = await store.execute(Operation.GET_DOMAIN_PATH, ["7"]);
 * console.log(new TextDecoder().decode(path.subarray(0, -1))); // /local/domain/7
 * ```
 */
export const Operation = {
  CONTROL: 0,
  DIRECTORY: 1,
  READ: 2,
  GET_PERMS: 3,
  WATCH: 4,
  UNWATCH: 5,
  TRANSACTION_START: 6,
  TRANSACTION_END: 7,
  INTRODUCE: 8,
  RELEASE: 9,
  GET_DOMAIN_PATH: 10,
  WRITE: 11,
  MKDIR: 12,
  RM: 13,
  SET_PERMS: 14,
  WATCH_EVENT: 15,
  ERROR: 16,
  IS_DOMAIN_INTRODUCED: 17,
  RESUME: 18,
  SET_TARGET: 19,
  RESET_WATCHES: 21,
  DIRECTORY_PART: 22,
  GET_FEATURE: 23,
  SET_FEATURE: 24,
  GET_QUOTA: 25,
  SET_QUOTA: 26,
} as const;

/** One of the numbers in {@linkcode Operation}. */
export type Operation = (typeof Operation)[keyof typeof Operation];

/** The name of an operation: `"READ"`, `"WATCH"` and so on. */
export type OperationName = keyof typeof Operation;

const names = new Map<number, OperationName>(
  Object.entries(Operation).map(([name, type]) => [type, name as OperationName]),
);

/**
 * Whether a type word names an operation of the current protocol.
 *
 * 20 and 128 were RESTRICT, upstream's and XenServer's number; no daemon has known either since 2017, so they count as
 * unknown, like every other number: daemons answer them with ENOSYS and keep the connection.
 */
export function isOperation(type: number): type is Operation {
  return names.has(type);
}

/** The name of a type word, or `"operation 77"` for one that the protocol does not know. */
export function operationName(type: number): OperationName | `operation ${number}` {
  return names.get(type) ?? `operation ${type}`;
}

/**
 * The bits of GET_FEATURE and SET_FEATURE. Source: Xen's `docs/misc/xenstore-ring.txt`, "Server feature bits".
 *
 * @example
 * ```ts
 * import { connect, Feature } from "tsxs";
 *
 * await using store = await connect("embedded:");
 * console.log(((await store.getFeature()) & Feature.WATCH_DEPTH) !== 0); // true
 * ```
 */
export const Feature = {
  /** A guest may ask for its connection to be reset. */
  RECONNECTION: 1,
  /** A guest's ring has a word that says why the store gave it up. */
  ERROR: 2,
  /** A watch may have a depth. */
  WATCH_DEPTH: 4,
  /** A permission may name all domains together. */
  DOMID_ANY: 8,
} as const;
