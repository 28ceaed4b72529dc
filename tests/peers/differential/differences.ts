// The intended differences between our daemon and Debian's C daemon, with reasons.
//
// The listed differences are tested: both answers are checked. Some requests are not sent, because the stores would
// have different contents afterwards:
//   - watches with a depth of 0 or more, SET_FEATURE, and valid SET_QUOTA: 4.17 does not know them
//   - absolute paths of domain 0 beyond the limit of guests, which 4.17 applies to domain 0 as well
//   - special nodes in transactions, which 4.17 excludes, and their transfer by a guest, which 4.17 allows
//   - nodes that guests create in transactions under a small quota of nodes: 4.17 allows one less at the commit
//   - nodes near the size limit after a domain has ended: 4.17 keeps and counts the domain's permissions
//   - INTRODUCE and similar requests with numbers that only 4.17 accepts
//   - a root that a guest owns, and the release of domains that are targets: current C daemons still have faults there
// Both stores are made equal at the start: the C daemon has no /local, and only domain 0 may read @releaseDomain.

import { Operation as Op } from "../../../src/wire/operations.ts";
import type { Answer } from "./answers.ts";
import type { Request } from "./steps.ts";

/** The sender of a request. */
export interface Speaker {
  readonly domid: number;
  readonly home: string;
  /** Whether the connection continues after another INTRODUCE of its domain. */
  readonly isRenumbered: boolean;
}

/** The requests between two checks of a connection. */
export interface Window {
  /** The requests, in order. */
  readonly requests: readonly Request[];
  /** Domids that the stores have released at least once. */
  readonly departed: ReadonlySet<number>;
}

/** Two answers that differ. */
export interface Case {
  /** Null if another connection caused the events. */
  readonly request: Request | null;
  readonly speaker: Speaker;
  readonly window: Window;
  readonly real: Answer;
  readonly ours: Answer;
}

/** An intended difference. */
export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** Whether two answers differ for this reason only. */
  accepts(found: Case): boolean;
}

const ONE_STRING: readonly number[] = [Op.DIRECTORY, Op.READ, Op.GET_PERMS, Op.MKDIR, Op.RM];
const DOMID: readonly number[] = [
  Op.INTRODUCE,
  Op.RELEASE,
  Op.GET_DOMAIN_PATH,
  Op.IS_DOMAIN_INTRODUCED,
  Op.RESUME,
  Op.SET_TARGET,
];

/** The name of an answer's error, or null if the answer is not an error. */
function errorOf({ reply }: Answer): string | null {
  return reply?.type === Op.ERROR ? reply.text.slice(0, -1) : null;
}

/** Whether two answers differ only in the payload of the reply or in the error. */
function sameButReply({ real, ours }: Case): boolean {
  return real.reply?.id === ours.reply?.id && real.reply?.tx === ours.reply?.tx && sameEvents(real.events, ours.events);
}

function sameEvents(real: readonly string[], ours: readonly string[]): boolean {
  return real.length === ours.length && real.every((event, i) => event === ours[i]);
}

function isOneString(text: string): boolean {
  return text !== "" && text.indexOf("\0") === text.length - 1;
}

/** All intended differences. */
export const differences: readonly Difference[] = [
  {
    name: "generations",
    reason: "DIRECTORY_PART returns a generation that changes with the node; the number depends on the store",
    accepts: (found) => {
      const [real, ours] = [found.real.reply, found.ours.reply];
      if (found.request?.type !== Op.DIRECTORY_PART || !sameButReply(found)) return false;
      if (real?.type !== Op.DIRECTORY_PART || ours?.type !== Op.DIRECTORY_PART) return false;
      const names = (text: string): string => text.slice(text.indexOf("\0"));
      return names(real.text) === names(ours.text);
    },
  },
  {
    name: "errno of malformed requests",
    reason: "4.17 answers a payload that is not one string with the error of an earlier request",
    accepts: (found) => {
      const { request, real, ours } = found;
      if (request === null || !ONE_STRING.includes(request.type) || isOneString(request.text)) return false;
      return sameButReply(found) && errorOf(real) !== null && errorOf(ours) === "EINVAL";
    },
  },
  {
    name: "permissions of special nodes",
    reason: "4.17 does not return them, and answers an invalid SET_PERMS with the error of an earlier request",
    accepts: (found) => {
      const { request, real, ours } = found;
      if (!request?.text.startsWith("@") || !sameButReply(found)) return false;
      if (request.type === Op.GET_PERMS) return errorOf(real) === "EINVAL" && errorOf(ours) !== "EINVAL";
      return request.type === Op.SET_PERMS && errorOf(real) !== null && errorOf(ours) !== null;
    },
  },
  {
    name: "watches over quota",
    reason: "ENOSPC, as for every other quota; 4.17 says E2BIG",
    accepts: (found) =>
      found.request?.type === Op.WATCH && sameButReply(found) && errorOf(found.real) === "E2BIG" &&
      errorOf(found.ours) === "ENOSPC",
  },
  {
    name: "features and quotas",
    reason: "operations of versions after 4.17",
    accepts: (found) => {
      const { request, real } = found;
      if (request === null || request.type < Op.GET_FEATURE || request.type > Op.SET_QUOTA) return false;
      return sameButReply(found) && errorOf(real) === "ENOSYS";
    },
  },
  {
    name: "the reply of CONTROL quota for a domain",
    reason: "both know the domain, or both do not; its counts and their form are the daemon's own affair",
    accepts: (found) => {
      const { request, real, ours } = found;
      if (request?.type !== Op.CONTROL || !request.text.startsWith("quota\0") || !sameButReply(found)) return false;
      return real.reply?.type === Op.CONTROL && ours.reply?.type === Op.CONTROL;
    },
  },
  {
    name: "invalid domids",
    reason: "EINVAL; 4.17 reads only the leading digits, and no digits as 0",
    accepts: (found) => {
      const { request, ours } = found;
      if (request === null || !DOMID.includes(request.type) || !sameButReply(found)) return false;
      const count = request.type === Op.SET_TARGET ? 2 : 1;
      const isDomid = (text: string): boolean => /^\d*$/.test(text) && Number(text) <= 0xffff;
      return errorOf(ours) === "EINVAL" && !request.text.split("\0").slice(0, count).every(isDomid);
    },
  },
  {
    name: "paths of UNWATCH",
    reason: "EINVAL for an invalid path; 4.17 searches for it among the watches",
    accepts: (found) =>
      found.request?.type === Op.UNWATCH && sameButReply(found) && errorOf(found.real) === "ENOENT" &&
      errorOf(found.ours) === "EINVAL",
  },
  {
    name: "removal over the quota of a transaction",
    reason: "ENOSPC as for every request; 4.17 and the current tree remove a part and reply EIO",
    accepts: (found) =>
      found.request?.type === Op.RM && found.request.tx !== 0 && sameButReply(found) && errorOf(found.real) === "EIO" &&
      errorOf(found.ours) === "ENOSPC",
  },
  {
    name: "ids of transactions after another INTRODUCE",
    reason: "they start again at 1, because our guest has a new connection; the C daemon keeps the domain's connection",
    accepts: (found) =>
      found.request?.type === Op.TRANSACTION_START && found.speaker.isRenumbered && sameButReply(found) &&
      found.real.reply?.type === Op.TRANSACTION_START && found.ours.reply?.type === Op.TRANSACTION_START,
  },
  {
    name: "rights of departed domains",
    reason: "GET_PERMS omits them after the domain's end; 4.17 keeps them without effect",
    accepts: (found) => {
      const { request, window: { departed }, real, ours } = found;
      if (request?.type !== Op.GET_PERMS || !sameButReply(found) || errorOf(real) !== null) return false;
      if (ours.reply?.type !== Op.GET_PERMS) return false;
      const kept = (text: string): string[] =>
        text.split("\0").filter((entry, i) => i === 0 || !departed.has(Number(entry.slice(1))));
      const [one, other] = [kept(real.reply?.text ?? ""), kept(ours.reply.text)];
      return one.length === other.length && one.every((entry, i) => entry === other[i]);
    },
  },
];
