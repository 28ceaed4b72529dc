// The system's errors by their numbers, as the file functions of the runtimes would throw them.

import { Errno, errnoText, isErrnoName } from "../wire/errno.ts";
import { codedError } from "../transport/transport.ts";

/** The error of a number that a call of libc left, with its name as `code` where the name is known. */
export function systemError(errno: number, call: string): Error & { code: string } {
  const [name = ""] = Object.entries(Errno).find(([, number]) => number === errno) ?? [];
  return isErrnoName(name)
    ? codedError(name, `${call}: ${errnoText(name)} (${name})`)
    : codedError(`E${errno}`, `${call}: error ${errno}`);
}
