// Where our daemon is meant to answer otherwise than Debian's C daemon, each with its reason.
//
// What is listed here is asked, and the two answers are looked at. What would have the two stores hold different things from
// then on is not asked at all:
//   - watches with a depth of 0 or more, which 4.17 does not know; SET_FEATURE and SET_QUOTA of something that there is
//   - absolute paths of domain 0's beyond the limit of guests, which 4.17 has for it as well
//   - special nodes in transactions, of which 4.17 keeps them out, and given away by a guest, which it allows
//   - guests that make nodes in transactions under a small quota of nodes: 4.17 allows one less at the commit
//   - nodes nearly as large as may be once a domain is gone, whose rights 4.17 keeps and counts
//   - INTRODUCE and the like of numbers that 4.17 reads as a guest's and we do not read at all
//   - the root in a guest's hands, and domains let go of while others act for them: the C daemon errs there to this day
// And the two are made alike at the start: the C daemon has no /local, and lets nobody but domain 0 know of @releaseDomain.

import { Operation as Op } from "../../../src/wire/operations.ts";
import type { Answer } from "./answers.ts";
import type { Request } from "./steps.ts";

/** Who sent a request. */
export interface Speaker {
  readonly domid: number;
  readonly home: string;
  /** Whether the connection goes on after another INTRODUCE of its domain. */
  readonly isRenumbered: boolean;
}

/** What happened between two looks at a connection. */
export interface Window {
  /** The requests, in order. */
  readonly requests: readonly Request[];
  /** Domids that the stores let go of at least once. */
  readonly departed: ReadonlySet<number>;
}

/** Two answers that differ. */
export interface Case {
  /** Null where the events come from what another connection did. */
  readonly request: Request | null;
  readonly speaker: Speaker;
  readonly window: Window;
  readonly real: Answer;
  readonly ours: Answer;
}

/** A difference that is meant. */
export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** Whether two answers that differ do so for this reason alone. */
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

/** The name of the error that an answer is; null where it is none. */
function errorOf({ reply }: Answer): string | null {
  return reply?.type === Op.ERROR ? reply.text.slice(0, -1) : null;
}

/** Whether two answers differ in nothing but the payload of the reply, or in which error it is. */
function sameButReply({ real, ours }: Case): boolean {
  return real.reply?.id === ours.reply?.id && real.reply?.tx === ours.reply?.tx && sameEvents(real.events, ours.events);
}

function sameEvents(real: readonly string[], ours: readonly string[]): boolean {
  return real.length === ours.length && real.every((event, i) => event === ours[i]);
}

function isOneString(text: string): boolean {
  return text !== "" && text.indexOf("\0") === text.length - 1;
}

/** All of them. */
export const differences: readonly Difference[] = [
  {
    name: "generations",
    reason: "DIRECTORY_PART names a number that changes with the node; which one, is the store's own affair",
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
    reason: "4.17 answers what is not one string with the error that an earlier request left behind",
    accepts: (found) => {
      const { request, real, ours } = found;
      if (request === null || !ONE_STRING.includes(request.type) || isOneString(request.text)) return false;
      return sameButReply(found) && errorOf(real) !== null && errorOf(ours) === "EINVAL";
    },
  },
  {
    name: "permissions of special nodes",
    reason: "4.17 does not tell them, and answers a wrong SET_PERMS with the error that an earlier request left behind",
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
    reason: "operations that came after 4.17",
    accepts: (found) => {
      const { request, real } = found;
      if (request === null || request.type < Op.GET_FEATURE || request.type > Op.SET_QUOTA) return false;
      return sameButReply(found) && errorOf(real) === "ENOSYS";
    },
  },
  {
    name: "what CONTROL tells of a domain",
    reason: "both know the domain, or both do not; its counts and their form are the daemon's own affair",
    accepts: (found) => {
      const { request, real, ours } = found;
      if (request?.type !== Op.CONTROL || !request.text.startsWith("quota\0") || !sameButReply(found)) return false;
      return real.reply?.type === Op.CONTROL && ours.reply?.type === Op.CONTROL;
    },
  },
  {
    name: "domids that are none",
    reason: "EINVAL; 4.17 takes the digits in front for the whole, and none for 0",
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
    reason: "EINVAL for what is no path; 4.17 looks for it among the watches",
    accepts: (found) =>
      found.request?.type === Op.UNWATCH && sameButReply(found) && errorOf(found.real) === "ENOENT" &&
      errorOf(found.ours) === "EINVAL",
  },
  {
    name: "removal over the quota of a transaction",
    reason: "ENOSPC as for every request; 4.17 and the current tree have removed a part then, and say EIO",
    accepts: (found) =>
      found.request?.type === Op.RM && found.request.tx !== 0 && sameButReply(found) && errorOf(found.real) === "EIO" &&
      errorOf(found.ours) === "ENOSPC",
  },
  {
    name: "ids of transactions after another INTRODUCE",
    reason:
      "they start again at 1, for our guest has another connection; the C daemon has one for as long as the domain is",
    accepts: (found) =>
      found.request?.type === Op.TRANSACTION_START && found.speaker.isRenumbered && sameButReply(found) &&
      found.real.reply?.type === Op.TRANSACTION_START && found.ours.reply?.type === Op.TRANSACTION_START,
  },
  {
    name: "rights of departed domains",
    reason: "they are gone from GET_PERMS with the domain; 4.17 keeps them without effect",
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
