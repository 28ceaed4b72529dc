// States that this host does not copy: links to the files of a pool that is a directory of this host.

import { lstat, mkdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../wire/system_errors.ts";
import { IntegrityError } from "./copy.ts";
import { checkImagesUnused, dependentImages, type DependentsOf } from "./dependents.ts";
import { StateError, type StateErrorContext, StateInUseError } from "./errors.ts";
import { directoriesOf, LocalFiles } from "./files_local.ts";
import type { HeldLock } from "./held_lock.ts";
import { withLock } from "./locked.ts";
import { isSameContent, manifestName, type StateManifest } from "./manifest.ts";
import { checkImage, IMAGE_END } from "./qcow2/chain.ts";
import { presentAt } from "./present.ts";
import { anewIfChanged, readSource } from "./read_source.ts";
import { StateFiles } from "./state_files.ts";
import { type ChainOptions, checkUnused, compareChain, transferChain, type TransferOptions } from "./transfer.ts";
import { type TransferFailure, TransfersError } from "./transfer_all.ts";

/** How links are made. */
type LinkOptions = Pick<TransferOptions, "dependentsOf" | "lock" | "signal" | "skipLocks">;

/** Opens the states of a directory whose files may be links into that of a pool. */
export function linkedStates(directory: string, pool: string): StateFiles {
  return new StateFiles(new LocalFiles(directory, pool));
}

/**
 * Links to a state of a pool and to all states that it depends on. Links to other files are replaced, each in one step.
 *
 * Throws a {@linkcode StateError} if this host has a file of its own in the place of a link, and a
 * {@linkcode StateInUseError} if something depends on a content that a link would replace.
 */
export async function downloadLink(
  own: StateFiles,
  pool: StateFiles,
  context: StateErrorContext,
  options: LinkOptions = {},
): Promise<void> {
  await anewIfChanged(() => linkChain(own, pool, context, options));
}

async function linkChain(
  own: StateFiles,
  pool: StateFiles,
  context: StateErrorContext,
  options: LinkOptions,
): Promise<void> {
  const { lock = {}, signal, skipLocks = false } = options;
  let parent: StateManifest | null = null;
  for (const manifest of await pool.chain(context)) {
    signal?.throwIfAborted();
    const of = { ...context, state: manifest.state };
    parent = await readSource(
      pool,
      own,
      { manifest, parent },
      of,
      { lock, signal, skipLocks },
      async (present, how, ends) => {
        const make = (end: AbortSignal | undefined, held: HeldLock | null): Promise<void> =>
          linkState(own, pool, present.manifest, of, held, { ...options, signal: end });
        await (how === null ? make(ends, null) : withLock(own, of, { ...how, signal: ends }, make));
      },
    );
  }
}

async function linkState(
  own: StateFiles,
  pool: StateFiles,
  manifest: StateManifest,
  context: StateErrorContext,
  held: HeldLock | null,
  { signal, dependentsOf }: LinkOptions,
): Promise<void> {
  const { object, state, files } = manifest;
  const { there } = await presentAt(own, manifest, { verify: false, signal });
  await checkUnused(own, there, manifest, context);
  await checkImagesUnused(own, there, manifest, context, dependentsOf);
  const link = async (): Promise<void> => {
    for (const { path } of files) {
      const at = join(object, path);
      for (const one of [own, pool]) await directoriesOf(one.files.location).check(dirname(at));
      if (path.endsWith(IMAGE_END)) await checkImage(pool.files, manifest, at, { signal });
      held?.check();
      await replaceLink(join(own.files.location, at), join(pool.files.location, at), context);
    }
  };
  const linked = await link().then(() => null, (error: unknown) => ({ error }));
  const present = await pool.manifest(object, state);
  if (present === null || !isSameContent(present, manifest)) {
    throw new IntegrityError(pool.files.location, join(object, manifestName(state)), "it was replaced");
  }
  if (linked !== null) throw linked.error;
  signal?.throwIfAborted();
  await own.commit(manifest, { hasParts: false, locks: held === null ? [] : [held] });
}

/** Links to many states. Throws a {@linkcode TransfersError} with all failures. */
export async function downloadAllLinks(
  own: StateFiles,
  pool: StateFiles,
  states: readonly string[],
  context: StateErrorContext,
  options: LinkOptions = {},
): Promise<void> {
  const { signal } = options;
  const failures: TransferFailure[] = [];
  for (const state of states) {
    signal?.throwIfAborted();
    await downloadLink(own, pool, { ...context, state }, options).catch((error: unknown) => {
      failures.push({ state, error });
    });
  }
  signal?.throwIfAborted();
  if (failures.length > 0) throw new TransfersError(failures, states.length, context);
}

/** Tells whether this host links to a state of a pool and to all that it depends on, or has equal copies. */
export async function compareLink(own: StateFiles, pool: StateFiles, context: StateErrorContext): Promise<boolean> {
  return await compareChain(own, pool, context);
}

/**
 * Checks that no image of a guest depends on a state of a pool to which this host links. Throws a
 * {@linkcode StateInUseError}.
 */
export async function checkLinkUnused(
  own: StateFiles,
  context: StateErrorContext,
  dependentsOf: DependentsOf | undefined,
): Promise<void> {
  const manifest = await own.manifest(context.object, context.state).catch((error: unknown) => {
    if (error instanceof IntegrityError) return error;
    throw error;
  });
  // If the manifest is damaged, the images alone tell.
  if (manifest === null) return;
  if (!(manifest instanceof IntegrityError) && await firstLink(own, manifest) === null) return;
  const images = await dependentImages(own, context, dependentsOf);
  if (images.length > 0) throw new StateInUseError("images of guests depend on it by links", images, context);
}

/** Brings a state to a pool. Throws a {@linkcode StateError} if it consists of links. */
export async function uploadLink(
  own: StateFiles,
  pool: StateFiles,
  context: StateErrorContext,
  options: ChainOptions = {},
): Promise<void> {
  await checkNoLinks(own, context);
  await transferChain(own, pool, context, options);
}

/** Throws a {@linkcode StateError} if a state, or one that it depends on, consists of links. */
export async function checkNoLinks(own: StateFiles, context: StateErrorContext): Promise<void> {
  for (const manifest of await own.chain(context)) {
    const link = await firstLink(own, manifest);
    if (link !== null) {
      throw new StateError(`${JSON.stringify(link)} is a link: only files are brought to a pool`, context);
    }
  }
}

async function firstLink({ files }: StateFiles, manifest: StateManifest): Promise<string | null> {
  for (const { path } of manifest.files) {
    const at = join(files.location, manifest.object, path);
    if (await linkAt(at) !== null) return at;
  }
  return null;
}

async function replaceLink(path: string, target: string, context: StateErrorContext): Promise<void> {
  const found = await linkAt(path);
  if (found === target) return;
  if (found === null && await isThere(path)) {
    throw new StateError(`${JSON.stringify(path)} is a file of this host: a link would replace it`, context);
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString("hex")}.link`);
  await symlink(target, fresh);
  try {
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

/** Returns the target of a link; `null` if the path is not that of a link. */
async function linkAt(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "EINVAL") return null;
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
