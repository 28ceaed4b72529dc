// Which operation does what, to whom it is open, and how it has to do with transactions.

import { PAYLOAD_MAX } from "../../wire/header.ts";
import { Operation } from "../../wire/operations.ts";
import type { Call, Handler } from "./call.ts";
import { control } from "./control.ts";
import { getDomainPath, introduce, isDomainIntroduced, release, resume, setTarget } from "./domains.ts";
import { fail, Failure } from "../state/failure.ts";
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

/** What the daemon knows of an operation. */
export interface Rule {
  readonly handler: Handler;
  /** Whether only domain 0 may ask for it. */
  readonly privileged: boolean;
  /** Whether it has nothing to do with transactions, so that the id of one is not even looked at. */
  readonly outside: boolean;
  /** Whether it looks at nodes or changes them, so that a transaction has to remember it. */
  readonly onNodes: boolean;
}

const rule = (handler: Handler, kind: "node" | "privileged" | "outside" | "any"): Rule => ({
  handler,
  privileged: kind === "privileged",
  outside: kind === "outside",
  onNodes: kind === "node",
});

/** By the number of the operation. What is missing is none that a client may ask for. */
export const rules: readonly (Rule | undefined)[] = Object.assign([], {
  [Operation.CONTROL]: rule(control, "privileged"),
  [Operation.DIRECTORY]: rule(directory, "node"),
  [Operation.READ]: rule(read, "node"),
  [Operation.GET_PERMS]: rule(getPermissions, "node"),
  [Operation.WATCH]: rule(watch, "outside"),
  [Operation.UNWATCH]: rule(unwatch, "outside"),
  [Operation.TRANSACTION_START]: rule(startTransaction, "any"),
  [Operation.TRANSACTION_END]: rule(endTransaction, "any"),
  [Operation.INTRODUCE]: rule(introduce, "privileged"),
  [Operation.RELEASE]: rule(release, "privileged"),
  [Operation.GET_DOMAIN_PATH]: rule(getDomainPath, "any"),
  [Operation.WRITE]: rule(write, "node"),
  [Operation.MKDIR]: rule(makeDirectory, "node"),
  [Operation.RM]: rule(remove, "node"),
  [Operation.SET_PERMS]: rule(setPermissions, "node"),
  [Operation.IS_DOMAIN_INTRODUCED]: rule(isDomainIntroduced, "privileged"),
  [Operation.RESUME]: rule(resume, "privileged"),
  [Operation.SET_TARGET]: rule(setTarget, "privileged"),
  [Operation.RESET_WATCHES]: rule(resetWatches, "any"),
  [Operation.DIRECTORY_PART]: rule(directoryPart, "node"),
  [Operation.GET_FEATURE]: rule(getFeature, "any"),
  [Operation.SET_FEATURE]: rule(setFeature, "privileged"),
  [Operation.GET_QUOTA]: rule(getQuota, "privileged"),
  [Operation.SET_QUOTA]: rule(setQuota, "privileged"),
});

/** Answers an operation: the payload of its reply, or why there is none. */
export function answer({ handler }: Rule, call: Call): string | Failure {
  const reply = handler(call);
  // A reply must fit a message (XSA-72).
  return typeof reply === "string" && reply.length > PAYLOAD_MAX ? fail.E2BIG : reply;
}

/** Whether a transaction's request, asked again, was answered as before. */
export function sameAnswer(type: number, before: string, now: string): boolean {
  if (before === now) return true;
  if (type !== Operation.DIRECTORY_PART) return false;
  // The generation tells the parts of one listing from those of another; it is no part of what is listed.
  const names = (part: string): string => part.slice(part.indexOf("\0"));
  return before.includes("\0") && now.includes("\0") && names(before) === names(now);
}

/** An answer as a transaction remembers it: a failure cannot be taken for a payload. */
export function remembered(reply: string | Failure): string {
  return reply instanceof Failure ? `!${reply.code}` : `=${reply}`;
}
