// What a request may fail with, by the names that the protocol gives.

import type { ErrnoName } from "../../wire/errno.ts";

/** Why a request failed. Returned and not thrown: for a daemon, that a node is missing is no exception. */
export class Failure {
  /** The name that the ERROR reply carries. */
  readonly code: ErrnoName;

  /** Takes the name. */
  constructor(code: ErrnoName) {
    this.code = code;
  }
}

type FailureCode =
  | "EACCES"
  | "EAGAIN"
  | "EBUSY"
  | "EEXIST"
  | "EINVAL"
  | "EIO"
  | "ENOENT"
  | "ENOMEM"
  | "ENOSPC"
  | "ENOSYS"
  | "EPERM"
  | "E2BIG";

/** The failures that the daemon gives. */
export const fail: Readonly<Record<FailureCode, Failure>> = {
  EACCES: new Failure("EACCES"),
  EAGAIN: new Failure("EAGAIN"),
  EBUSY: new Failure("EBUSY"),
  EEXIST: new Failure("EEXIST"),
  EINVAL: new Failure("EINVAL"),
  EIO: new Failure("EIO"),
  ENOENT: new Failure("ENOENT"),
  ENOMEM: new Failure("ENOMEM"),
  ENOSPC: new Failure("ENOSPC"),
  ENOSYS: new Failure("ENOSYS"),
  EPERM: new Failure("EPERM"),
  E2BIG: new Failure("E2BIG"),
};
