// Temporary files that killed processes, and operations that were cut, have left at a location.

import { randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import type { StateErrorContext } from "./errors.ts";
import type { PoolFiles } from "./files.ts";
import type { LockOptions } from "./lock.ts";
import { timeOf } from "./lock_status.ts";
import { withLock } from "./locked.ts";
import type { StateFiles } from "./state_files.ts";

/*
 * A process writes the temporary files of a state under the lock of the state. So an operation that takes the lock may
 * remove the files. It removes the files of the states that it has changed, and all files that are older than a day. A
 * younger part may be resumed. The files of locks are removed by their age alone.
 */

const OLD_MS = 86_400_000;
/** The files of the changed states that one operation removes, and those of other states that it looks at. */
const FILES_MAX = 1000;

/** The names of the temporary files of a state. The first group is the state. */
const ofStates: readonly RegExp[] = [
  // The part of a file, and that of a commit.
  /^\.(.+)\.[a-z0-9]+\.[0-9a-f]{16}\.part$/,
  /^\.(.+)\.lock\.[0-9a-f]{32}\.commit\.part$/,
  // A file that a set has begun.
  /^\.(.+)\.[0-9a-f]{16}\.new$/,
  // A link that was to be renamed.
  /^\.(.+)\.[a-z0-9]+\.[0-9a-f]{16}\.link$/,
];
/** The names of the temporary files of a lock: the sign of life of its owner, and a lock that was broken. */
const ofLocks: readonly RegExp[] = [
  /^\.(.+)\.lock\.[0-9a-f]{32}$/,
  /^\.(.+)\.lock(?:\.break)?\.[0-9a-f]{16}\.aside$/,
];
/** The names of files of no state: one by which a clock was read, and the note of an image. */
const others: readonly RegExp[] = [
  /^\.time\.[0-9a-f]{16}$/,
  /^\.[0-9a-f]{32}\.[0-9a-f]{16}\.part$/,
  // The files of the lock of an object.
  /^\.lock\.[0-9a-f]{32}$/,
  /^\.lock(?:\.break)?\.[0-9a-f]{16}\.aside$/,
];

/** The name of a new image beside one that it is to replace, without the name of that one. */
const NEW_IMAGE = /^\.new\.[0-9a-f]{16}$/;

interface Leftover {
  readonly path: string;
  /** `null` if the file belongs to no state. */
  readonly state: string | null;
  readonly isOfLock: boolean;
}

/**
 * Removes the temporary files of states that have just changed, and those of all states that are older than a day by
 * the clock of the location. `directories` are below that of the object. A state that another process has locked keeps
 * its files. Never rejects: what is left is removed by the next operation.
 */
export async function removeLeftovers(
  states: StateFiles,
  context: Pick<StateErrorContext, "operation" | "object">,
  changed: { readonly states: ReadonlySet<string>; readonly directories: ReadonlySet<string> },
  { lock, signal }: { readonly lock: LockOptions; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { files } = states.until(signal);
  try {
    const found: Leftover[] = [];
    for (const at of new Set(["", ...changed.directories].map((directory) => join(context.object, directory)))) {
      for (const name of await files.list(at)) found.push(...leftoversOf(join(at, name), name));
    }
    let now: number | null = null;
    const isOld = async (path: string): Promise<boolean> => {
      now ??= await timeOf(files, context.object);
      // A link has no status.
      const status = await files.status(path).catch(() => null);
      return status !== null && now - status.modified > OLD_MS;
    };
    const isOfChanged = ({ state, isOfLock }: Leftover): boolean =>
      state !== null && !isOfLock && changed.states.has(state);
    const removed = found.filter(isOfChanged).slice(0, FILES_MAX);
    const rest = found.filter((one) => !isOfChanged(one));
    for (const one of someOf(rest)) if (await isOld(one.path)) removed.push(one);
    const byState = new Map<string | null, string[]>();
    for (const { path, state } of removed) byState.set(state, [...byState.get(state) ?? [], path]);
    for (const [state, paths] of byState) {
      const remove = async (): Promise<void> => {
        for (const path of paths) await files.remove(path);
      };
      if (state === null) await remove();
      else await withLock(states, { ...context, state }, { ...lock, signal, timeout: 0 }, remove).catch(() => {});
    }
  } catch {
    // The operation itself has succeeded.
  }
}

/** Returns as many of the files as one operation looks at. Each operation begins with another one. */
function someOf(found: readonly Leftover[]): readonly Leftover[] {
  if (found.length <= FILES_MAX) return found;
  const start = randomInt(found.length);
  return [...found.slice(start), ...found.slice(0, start)].slice(0, FILES_MAX);
}

/** Returns a name of a new image beside the one that it is to replace. No two images have the same name. */
export function newImageName(image: string): string {
  return `.${image}.new.${randomBytes(8).toString("hex")}`;
}

/** Removes new images, older than a day, that killed processes have left beside an image. */
export async function removeOldImages(files: PoolFiles, image: string): Promise<void> {
  for (const name of await files.list("")) {
    if (!name.startsWith(`.${image}`) || !NEW_IMAGE.test(name.slice(image.length + 1))) continue;
    // A link has no status. Another process may remove the file, too.
    const status = await files.status(name).catch(() => null);
    if (status !== null && Date.now() - status.modified > OLD_MS) await files.remove(name);
  }
}

function leftoversOf(path: string, name: string): readonly Leftover[] {
  if (others.some((pattern) => pattern.test(name))) return [{ path, state: null, isOfLock: false }];
  for (const [patterns, isOfLock] of [[ofStates, false], [ofLocks, true]] as const) {
    for (const pattern of patterns) {
      const state = pattern.exec(name)?.[1];
      if (state !== undefined) return [{ path, state, isOfLock }];
    }
  }
  return [];
}
