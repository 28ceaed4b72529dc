// The numbers of the migration stream. Source: Xen's docs/designs/xenstore-migration.md.

/** The header: "xenstore", the version and the flags, which are big-endian whatever they say. */
export const HEADER_SIZE = 16;
/** How the header begins. */
export const IDENT = "xenstore";
/** The flag of a stream whose numbers are big-endian. */
export const BIG_ENDIAN = 1;
/** Before each record: its type, and the length of its body. */
export const RECORD_HEADER_SIZE = 8;
/** Records, and the last field of a connection, begin at multiples of this. */
export const ALIGNMENT = 8;

/** The types of records. */
export const RecordType = {
  END: 0,
  GLOBAL_DATA: 1,
  CONNECTION_DATA: 2,
  WATCH_DATA: 3,
  TRANSACTION_DATA: 4,
  NODE_DATA: 5,
  GLOBAL_QUOTA_DATA: 6,
  DOMAIN_DATA: 7,
  WATCH_DATA_EXTENDED: 8,
} as const;
/** A record's name in the specification. */
export type RecordName = keyof typeof RecordType;

const names = Object.keys(RecordType) as readonly RecordName[];

/** The name of a type in a stream of some version; null for one that it has not. */
export function recordName(type: number, version: number): RecordName | null {
  const name = names[type];
  return name === undefined || (version < 2 && type === RecordType.WATCH_DATA_EXTENDED) ? null : name;
}

/** What a connection goes over. */
export const ConnectionType = { RING: 0, SOCKET: 1 } as const;
/** The flag of a connection with a unique id. */
export const UNIQUE_ID = 1;
/** In place of a domain: none. */
export const DOMID_INVALID = 0x7ff4;
/** The depth of a watch that has no limit. */
export const UNLIMITED = 0xffff;
/** How a transaction had to do with a node, as bits. */
export const Access = { READ: 1, WRITTEN: 2 } as const;
/** The flag of a permission that is only listed. */
export const IGNORED = 1;
/** The letters of a node's permissions, by their rights. */
export const LETTERS = "nrwb";

/** The next multiple of the alignment. */
export function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
