// What a migration stream holds: a store with its domains, as one daemon hands it to another.

import type { Permissions } from "../tree/permissions.ts";

/** The versions of the stream. Version 2 has the depth of watches, and the features of domains. */
export type StreamVersion = 1 | 2;

/** The state of a store. All texts have a character for each byte. */
export interface MigrationState {
  /** The version of the stream that it came from. */
  readonly version: StreamVersion;
  /** Descriptors that one process hands on to itself when it is updated; null in a stream for another process. */
  readonly global: GlobalData | null;
  /** The quotas; null if the stream has none. */
  readonly quotas: GlobalQuotas | null;
  /** Connections, each with its watches and transactions. */
  readonly connections: readonly ConnectionData[];
  /** The nodes, each after its parent. Special nodes have no parent. */
  readonly nodes: readonly NodeData[];
  /** What else is known of domains. */
  readonly domains: readonly DomainData[];
  /** Records of types that are not known: they were passed over. */
  readonly skipped: readonly SkippedRecord[];
}

/** The descriptors of a process; -1 for a missing one. */
export interface GlobalData {
  /** The socket that accepts connections. */
  readonly socket: number;
  /** The driver of event channels. */
  readonly eventChannels: number;
}

/** A quota's name, and its value; 0 stands for no limit. Names may be others than this daemon's own. */
export type QuotaData = readonly [name: string, value: number];

/** The quotas of all domains. */
export interface GlobalQuotas {
  /** The quotas of each new domain. */
  readonly perDomain: readonly QuotaData[];
  /** The quotas of all domains together. */
  readonly overall: readonly QuotaData[];
}

/** What a connection goes over. */
export type Endpoint =
  | {
    /** The page that a domain shares with the daemon. */
    readonly kind: "ring";
    readonly domid: number;
    /** The domain on whose behalf it may act. */
    readonly target: number | null;
    /** The port of the event channel. */
    readonly eventChannel: number;
  }
  | {
    readonly kind: "socket";
    /** The descriptor of the socket. */
    readonly descriptor: number;
  };

/** A connection. */
export interface ConnectionData {
  /** What the stream calls it by, not 0. */
  readonly id: number;
  readonly endpoint: Endpoint;
  /** What was received and not answered yet. */
  readonly received: string;
  /** What is yet to be sent. */
  readonly unsent: string;
  /** How many bytes of that are the rest of a message whose start was sent. */
  readonly unsentPartial: number;
  /** The id that distinguishes the domain from earlier domains of its number; null if the stream has none. */
  readonly uniqueId: bigint | null;
  readonly watches: readonly WatchData[];
  readonly transactions: readonly TransactionData[];
}

/** A watch. */
export interface WatchData {
  /** The path as it was asked for: it may be relative to the domain's home. */
  readonly path: string;
  readonly token: string;
  /** How many levels below the path count; null for all. */
  readonly depth: number | null;
}

/** A transaction that was not ended. */
export interface TransactionData {
  readonly id: number;
  /** The nodes that it had to do with. */
  readonly nodes: readonly PendingNodeData[];
}

/** A node. */
export interface NodeData {
  readonly path: string;
  readonly value: string;
  readonly permissions: Permissions;
}

/** A node as a transaction sees it. */
export interface PendingNodeData {
  readonly path: string;
  readonly value: string;
  /** Null if the transaction removed the node. */
  readonly permissions: Permissions | null;
  /** Whether the transaction read it. */
  readonly read: boolean;
  /** Whether the transaction wrote it. */
  readonly written: boolean;
}

/** What is known of a domain. */
export interface DomainData {
  readonly domid: number;
  /** The features that it is offered, as bits; null in a stream of version 1. */
  readonly features: number | null;
  readonly quotas: readonly QuotaData[];
}

/** A record that was passed over. */
export interface SkippedRecord {
  readonly type: number;
  /** The index of the first byte in the stream. */
  readonly offset: number;
  /** Bytes of its body. */
  readonly length: number;
}
