// A permission as the dict that Python's calls take and give.

import type { Permission } from "../../src/wire/permissions.ts";
import { int, isDict, keywords, pythonError } from "../python.ts";
import type { XsPermission } from "./types.ts";

const READ = 1;
const WRITE = 2;
/** A permission's words, in Python's order. */
const PERMISSION = ["dom", "read", "write"];

/** A permission as the binding gives it. */
export function shownPermission({ domid, read, write }: Permission): XsPermission {
  return { dom: domid, read: read ? READ : 0, write: write ? WRITE : 0 };
}

/** The permission that a dict stands for. Throws as the binding does for any other value. */
export function permissionOf(value: unknown): Permission {
  if (!isDict(value)) throw pythonError("SystemError", "../Python/getargs.c:1413: bad argument to internal function");
  const permission = { domid: 0, read: false, write: false };
  keywords([], value, PERMISSION, 1, (word, index) => {
    const number = int(word);
    if (index === 0) permission.domid = number;
    else if (index === 1) permission.read = number !== 0;
    else permission.write = number !== 0;
  });
  return permission;
}
