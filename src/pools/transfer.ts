// Transfers of states between two locations: whole chains, parents first, verified, and only what differs.

import { dirname, join } from "node:path";
import { checkedWhole } from "../wire/checks.ts";
import { commitOnParent } from "./commit.ts";
import { checkCondition, type StateCondition } from "./condition.ts";
import { copyToPart, IntegrityError, partPath } from "./copy.ts";
import { digestOf } from "./digest.ts";
import { checkImagesUnused, type DependentsOf } from "./dependents.ts";
import { type StateErrorContext, StateInUseError } from "./errors.ts";
import { removeLeftovers } from "./leftovers.ts";
import type { HeldLock } from "./held_lock.ts";
import { checkLockOptions, type LockOptions } from "./lock.ts";
import { type WithLock, withLock } from "./locked.ts";
import { isSameContent, type StateManifest } from "./manifest.ts";
import { checkImage, IMAGE_END } from "./qcow2/chain.ts";
import { ImageError } from "./qcow2/header.ts";
import { presentAt } from "./present.ts";
import { anewIfChanged, type Link, readSource } from "./read_source.ts";
import type { StateFiles } from "./state_files.ts";

/** How far a transfer is. */
export interface TransferProgress {
  /** The state that is transferred. */
  readonly state: string;
  /** The bytes of the chain that are at the target. */
  readonly position: number;
  /** The bytes of the whole chain. */
  readonly total: number;
}

/** How a chain is transferred. */
export interface TransferOptions {
  /**
   * Ends the transfer, with the signal's reason. What arrived is used by the next transfer of the same content.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How locks are taken. `null` takes none, and waits for none.
   *
   * @default {}
   */
  readonly lock?: LockOptions | null | undefined;
  /**
   * Whether locks of the source are neither awaited nor taken. The error is an {@linkcode IntegrityError} if another
   * process replaces the state during the transfer. The locks of the target are taken.
   *
   * @default false
   */
  readonly skipLocks?: boolean | undefined;
  /**
   * Is told how far the transfer is, after each piece.
   *
   * @default () => {}
   */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /**
   * The most states that {@linkcode TransferOps.uploadAll} and {@linkcode TransferOps.downloadAll} transfer
   * concurrently, from 1.
   *
   * @default 32
   */
  readonly concurrency?: number | undefined;
  /**
   * The bytes between two beginnings of a file from which a transfer resumes, from 1.
   *
   * @default 16777216
   */
  readonly stride?: number | undefined;
  /**
   * Tells which images of guests depend on a state of this host, beside those that its directory knows. A download does
   * not replace the image of such a state. An upload does not ask.
   *
   * @default () => []
   */
  readonly dependentsOf?: DependentsOf | undefined;
}

/**
 * Tells whether a state and all states that it depends on have the same content in two locations, as their manifests
 * say. A state that is missing in both is the same.
 *
 * Throws a {@linkcode StateError} if a chain is broken.
 */
export async function compareChain(one: StateFiles, other: StateFiles, context: StateErrorContext): Promise<boolean> {
  const { object, state } = context;
  const [isInOne, isInOther] = [await one.manifest(object, state), await other.manifest(object, state)];
  if (isInOne === null || isInOther === null) return isInOne === isInOther;
  const [chain, otherChain] = [await one.chain(context), await other.chain(context)];
  return chain.length === otherChain.length && chain.every((manifest, i) => {
    const counterpart = otherChain[i];
    return counterpart !== undefined && manifest.state === counterpart.state && isSameContent(manifest, counterpart);
  });
}

/** Checks how chains are transferred. Throws a `RangeError` if a number is invalid. */
export function checkTransferOptions({ concurrency, stride, lock }: TransferOptions): void {
  if (concurrency !== undefined) checkedWhole("concurrency", concurrency, 1);
  if (stride !== undefined) checkedWhole("stride", stride, 1);
  if (lock !== undefined && lock !== null) checkLockOptions(lock);
}

/** How a chain is transferred, and whether that depends on the existence of the state at the target. */
export type ChainOptions = TransferOptions & StateCondition & {
  /**
   * Whether files that are at the target already are read, and brought again if they are damaged. Otherwise their sizes
   * count.
   *
   * @default false
   */
  readonly verify?: boolean | undefined;
};

/**
 * Transfers a state and all states that it depends on, from the one that depends on none. A state is seen at the target
 * when all of its files have arrived and were read again. If another process changes the chain, the transfer starts
 * anew. Resolves with the manifest of what was transferred.
 *
 * Throws a {@linkcode StateInUseError} if a state of the target would change on which others depend there, a
 * {@linkcode StateChangedError} if the condition does not hold at the target, a {@linkcode StateError} if a chain is
 * broken, and an {@linkcode IntegrityError} if a file is damaged.
 */
export async function transferChain(
  source: StateFiles,
  target: StateFiles,
  context: StateErrorContext,
  options: ChainOptions = {},
): Promise<StateManifest | null> {
  return await anewIfChanged(() => transferLinks(source, target, context, options));
}

async function transferLinks(
  source: StateFiles,
  target: StateFiles,
  context: StateErrorContext,
  { onlyIf, ...options }: ChainOptions,
): Promise<StateManifest | null> {
  const chain = await source.until(options.signal).chain(context);
  const total = chain.flatMap(({ files }) => files).reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  let parent: StateManifest | null = null;
  for (const manifest of chain) {
    const size = sizeOf(manifest);
    const onBytes = (bytes: number): void => {
      // A content that takes the place of this one may be larger.
      options.onProgress?.({ state: manifest.state, position: before + Math.min(bytes, size), total });
    };
    const of = { ...context, state: manifest.state };
    const condition = manifest === chain.at(-1) ? { onlyIf } : {};
    parent = await transferState(source, target, { manifest, parent }, of, onBytes, { ...options, ...condition });
    before += size;
    onBytes(0);
  }
  await tidy(target, chain, context, options);
  return parent;
}

/** Removes the temporary files that earlier transfers of these states have left at the target. */
export async function tidy(
  target: StateFiles,
  manifests: Iterable<StateManifest>,
  context: StateErrorContext,
  { lock = {}, signal }: TransferOptions,
): Promise<void> {
  if (lock === null) return;
  const states = new Set<string>();
  const directories = new Set<string>();
  for (const { state, files } of manifests) {
    states.add(state);
    for (const { path } of files) directories.add(dirname(path));
  }
  await removeLeftovers(target, context, { states, directories }, { lock, signal });
}

/** Returns the bytes of all files of a state. */
export function sizeOf({ files }: StateManifest): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/**
 * Transfers a state. The one that it depends on is at the target. `withParent` takes the lock of that one. Resolves
 * with the manifest of what was transferred.
 *
 * Throws a {@linkcode ChainChangedError} if the state depends on something else by now.
 */
export async function transferState(
  source: StateFiles,
  target: StateFiles,
  link: Link,
  context: StateErrorContext,
  onBytes: (bytes: number) => void,
  options: ChainOptions,
  withParent: WithLock = withLock,
): Promise<StateManifest> {
  const { object, state } = link.manifest;
  const { signal, lock = {}, skipLocks = false, stride, dependentsOf, onlyIf, verify } = options;
  return await readSource(source, target, link, context, { lock, signal, skipLocks }, async (present, how, ends) => {
    const transfer = async (end: AbortSignal | undefined, held: HeldLock | null): Promise<void> => {
      const rest = { held, signal: end, stride, lock: how, dependentsOf, withParent, onlyIf, verify };
      await transferOne(source, target, present, context, onBytes, rest);
    };
    if (how === null) return await transfer(ends, null);
    await withLock(target, { ...context, object, state }, { ...how, signal: ends }, transfer);
  });
}

async function transferOne(
  from: StateFiles,
  to: StateFiles,
  { manifest, parent }: Link,
  context: StateErrorContext,
  onBytes: (bytes: number) => void,
  { held, lock, dependentsOf, withParent, onlyIf, verify = false, ...options }:
    & Pick<ChainOptions, "signal" | "stride" | "dependentsOf" | "onlyIf" | "verify">
    & {
      readonly held: HeldLock | null;
      readonly lock: LockOptions | null;
      readonly withParent: WithLock;
    },
): Promise<void> {
  const { object } = manifest;
  const [source, target] = [from.until(options.signal), to.until(options.signal)];
  const { exists, there, kept, intact } = await presentAt(target, manifest, { verify, signal: options.signal });
  checkCondition({ onlyIf }, exists, context);
  const isWhole = kept?.files.length === manifest.files.length;
  if (isWhole && there !== null && isSameContent(there, manifest)) return;
  await checkUnused(target, there, manifest, context);
  // A file that is damaged by now is replaced by another content, too.
  await checkImagesUnused(target, intact, manifest, context, dependentsOf);
  let before = 0;
  for (const file of manifest.files) {
    const path = join(object, file.path);
    if (kept?.files.includes(file) !== true) {
      await copyToPart({ files: source.files, path }, { files: target.files, path }, file, {
        ...options,
        onBytes: (bytes) => onBytes(before + bytes),
      });
      if (path.endsWith(IMAGE_END)) await checkArrived(target, manifest, path, partPath(path, file));
    }
    before += file.size;
    onBytes(before);
  }
  // A reader that skips locks may have restored the older content since then.
  await checkImagesUnused(target, intact, manifest, context, dependentsOf);
  await commitOnParent(to, manifest, parent, context, { held, lock, signal: options.signal, withLock: withParent });
}

/** Checks an image before it has its name, so that no program opens it. */
async function checkArrived({ files }: StateFiles, manifest: StateManifest, path: string, at: string): Promise<void> {
  try {
    await checkImage(files, manifest, path, { at });
  } catch (error) {
    if (error instanceof ImageError) await files.remove(at);
    throw error;
  }
}

/** Checks that no other state at the target depends on a content that is about to change. */
export async function checkUnused(
  target: StateFiles,
  there: StateManifest | null,
  manifest: StateManifest,
  context: StateErrorContext,
): Promise<void> {
  if (there === null || isSameContent(there, manifest)) return;
  const dependents = await target.dependents(manifest.object, manifest.state);
  if (dependents.length === 0) return;
  const fault = `another content of this name is in ${JSON.stringify(target.files.location)}`;
  throw new StateInUseError(`${fault}, and other states depend on it`, dependents, context);
}

/** Reads all files of a state. Throws an {@linkcode IntegrityError} if one is not what the manifest says. */
export async function verifyState(states: StateFiles, manifest: StateManifest, signal?: AbortSignal): Promise<void> {
  const { files } = states.until(signal);
  for (const { path, sha256, size } of manifest.files) {
    const at = join(manifest.object, path);
    const status = await files.status(at);
    if (status === null) throw new IntegrityError(files.location, at, "it is missing");
    if (status.size !== size) {
      throw new IntegrityError(files.location, at, `it has ${status.size} bytes: expected ${size}`);
    }
    const found = await digestOf(files.read(at, { signal }));
    if (found.sha256 !== sha256) throw new IntegrityError(files.location, at, "its content differs from its digest");
  }
}
