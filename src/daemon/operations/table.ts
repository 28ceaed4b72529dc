// The table of operations: the handler of each, the domains that may use it, and its role in transactions.

import { Operation } from "../../wire/operations.ts";
import type { Handler, WriteHandler } from "./call.ts";
import { control } from "./control.ts";
import { getDomainPath, introduce, isDomainIntroduced, release, resume, setTarget } from "./domains.ts";
import {
  directory,
  directoryPart,
  getPermissions,
  makeDirectory,
  read,
  remove,
  setPermissions,
  write,
} from "./nodes.ts";
import { getFeature, getQuota, setFeature, setQuota } from "./quotas.ts";
import { endTransaction, startTransaction } from "./transactions.ts";
import { resetWatches, unwatch, watch } from "./watches.ts";

/** An operation on nodes: a transaction records it. */
export type NodeRule =
  | {
    readonly kind: "read";
    readonly handler: Handler;
    /** Whether two different answers, as a transaction records them, count as the same. */
    readonly isSame?: (before: string, now: string) => boolean;
  }
  | {
    readonly kind: "write";
    readonly handler: WriteHandler;
    readonly isSame?: undefined;
  };

/** What the daemon knows of an operation. */
export type Rule = NodeRule | {
  /**
   * `"privileged"`: for domain 0 only. `"outside"`: it has nothing to do with transactions, and the transaction id is
   * ignored. `"any"`: neither.
   */
  readonly kind: "privileged" | "outside" | "any";
  readonly handler: Handler;
};

/** Compares parts of listings without their generations, which tell the parts of one listing from those of another. */
function isSameListing(before: string, now: string): boolean {
  const names = (part: string): string => part.slice(part.indexOf("\0"));
  return before.includes("\0") && now.includes("\0") && names(before) === names(now);
}

/** The rules by the number of the operation. Operations that are missing here fail with ENOSYS. */
export const rules: readonly (Rule | undefined)[] = Object.assign<Rule[], Readonly<Record<number, Rule>>>([], {
  [Operation.CONTROL]: { kind: "privileged", handler: control },
  [Operation.DIRECTORY]: { kind: "read", handler: directory },
  [Operation.READ]: { kind: "read", handler: read },
  [Operation.GET_PERMS]: { kind: "read", handler: getPermissions },
  [Operation.WATCH]: { kind: "outside", handler: watch },
  [Operation.UNWATCH]: { kind: "outside", handler: unwatch },
  [Operation.TRANSACTION_START]: { kind: "any", handler: startTransaction },
  [Operation.TRANSACTION_END]: { kind: "any", handler: endTransaction },
  [Operation.INTRODUCE]: { kind: "privileged", handler: introduce },
  [Operation.RELEASE]: { kind: "privileged", handler: release },
  [Operation.GET_DOMAIN_PATH]: { kind: "any", handler: getDomainPath },
  [Operation.WRITE]: { kind: "write", handler: write },
  [Operation.MKDIR]: { kind: "write", handler: makeDirectory },
  [Operation.RM]: { kind: "write", handler: remove },
  [Operation.SET_PERMS]: { kind: "write", handler: setPermissions },
  [Operation.IS_DOMAIN_INTRODUCED]: { kind: "privileged", handler: isDomainIntroduced },
  [Operation.RESUME]: { kind: "privileged", handler: resume },
  [Operation.SET_TARGET]: { kind: "privileged", handler: setTarget },
  [Operation.RESET_WATCHES]: { kind: "any", handler: resetWatches },
  [Operation.DIRECTORY_PART]: { kind: "read", handler: directoryPart, isSame: isSameListing },
  [Operation.GET_FEATURE]: { kind: "any", handler: getFeature },
  [Operation.SET_FEATURE]: { kind: "privileged", handler: setFeature },
  [Operation.GET_QUOTA]: { kind: "privileged", handler: getQuota },
  [Operation.SET_QUOTA]: { kind: "privileged", handler: setQuota },
});
