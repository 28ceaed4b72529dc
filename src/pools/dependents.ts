// The images of guests that depend on the states of this host. Each image that is restored leaves a note of its path.

import { createHash, randomBytes } from "node:crypto";
import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { codeOf } from "../wire/system_errors.ts";
import { type StateErrorContext, StateInUseError } from "./errors.ts";
import { LocalFiles } from "./files_local.ts";
import type { StateManifest } from "./manifest.ts";
import { IMAGE_END, imageName, readHeader } from "./qcow2/chain.ts";
import { ImageError } from "./qcow2/header.ts";
import type { StateFiles } from "./state_files.ts";
import type { StateOf } from "./states_options.ts";

/** Tells which images of guests depend on a state of this host: resolves with their paths. */
export type DependentsOf = (of: StateOf, signal?: AbortSignal) => Promise<readonly string[]>;

const NOTE_END = ".image";
const NOTE_MAX = 8192;
/** The images of a chain that are followed. */
const CHAIN_MAX = 64;

/** An image that was restored from a state of this host. */
interface Note {
  /** The path of the note below the location. */
  readonly path: string;
  readonly state: string;
  readonly image: string;
}

/** Notes that an image depends, or is about to depend, on a state of this host. */
export async function noteImage({ files }: StateFiles, { object, state }: StateOf, image: string): Promise<void> {
  const path = await realPath(image);
  const name = createHash("sha256").update(path).digest("hex").slice(0, 32);
  const note = join(object, `.${name}${NOTE_END}`);
  const arriving = join(object, `.${name}.${randomBytes(8).toString("hex")}.part`);
  const file = await files.openPart(arriving);
  try {
    await file.write(new TextEncoder().encode(`${JSON.stringify({ state, image: path })}\n`), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(arriving, note);
}

/** Removes the notes of images that were restored from a state, and depend on it no longer. */
export async function forgetImages(states: StateFiles, of: StateOf): Promise<void> {
  for (const { path, state, image } of await notes(states, of.object)) {
    if (state === of.state && !await dependsOn(image, states, of)) await states.files.remove(path);
  }
}

/** Returns the images that depend on a state of this host, as the notes tell and `more` adds. */
export async function dependentImages(
  states: StateFiles,
  of: StateOf,
  more?: DependentsOf,
  signal?: AbortSignal,
): Promise<string[]> {
  const found = new Set(await more?.(of, signal));
  for (const { image } of await notes(states, of.object, signal)) {
    if (await dependsOn(image, states, of, signal)) found.add(image);
  }
  return [...found].sort();
}

/** Returns a function that knows what the notes tell, and what `more` adds. */
export function dependentsIn(states: StateFiles, more?: DependentsOf): DependentsOf {
  return (of, signal) => dependentImages(states, of, more, signal);
}

/**
 * Checks that no image of a guest depends on an image that is about to change. A file that is missing, or has the same
 * content, does not change.
 */
export async function checkImagesUnused(
  target: StateFiles,
  there: StateManifest | null,
  next: StateManifest,
  context: StateErrorContext,
  dependentsOf: DependentsOf | undefined,
): Promise<void> {
  if (dependentsOf === undefined || !await replacesImage(target, there, next)) return;
  const { object, state } = next;
  const images = await dependentsOf({ object, state });
  if (images.length === 0) return;
  const fault = `another content of this name is in ${JSON.stringify(target.files.location)}`;
  throw new StateInUseError(`${fault}, and images of guests depend on it`, images, context);
}

/** Tells whether a file of a disk is about to change. */
async function replacesImage(
  { files }: StateFiles,
  there: StateManifest | null,
  next: StateManifest,
): Promise<boolean> {
  const known = new Map(there?.files.map(({ path, sha256 }) => [path, sha256]));
  for (const { path, sha256 } of next.files) {
    if (path.endsWith(IMAGE_END) && known.get(path) !== sha256 && await isThere(files, join(next.object, path))) {
      return true;
    }
  }
  return false;
}

async function isThere(files: StateFiles["files"], path: string): Promise<boolean> {
  try {
    return await files.status(path) !== null;
  } catch (error) {
    // A link is there, too.
    if (codeOf(error) === "EINVAL") return true;
    throw error;
  }
}

async function notes({ files }: StateFiles, object: string, signal?: AbortSignal): Promise<Note[]> {
  const found: Note[] = [];
  for (const name of await files.list(object)) {
    if (!name.startsWith(".") || !name.endsWith(NOTE_END)) continue;
    const path = join(object, name);
    const note = noteOf(await textOf(files, path, signal));
    if (note !== null) found.push({ path, ...note });
  }
  return found;
}

async function textOf(files: StateFiles["files"], path: string, signal?: AbortSignal): Promise<string> {
  try {
    for await (const bytes of files.read(path, { signal })) {
      return new TextDecoder().decode(bytes.subarray(0, NOTE_MAX));
    }
  } catch (error) {
    // Another process has removed it.
    if (codeOf(error) !== "ENOENT") throw error;
  }
  return "";
}

function noteOf(text: string): Omit<Note, "path"> | null {
  try {
    const { state, image } = JSON.parse(text) as Partial<Record<keyof Note, unknown>>;
    return typeof state === "string" && typeof image === "string" && image.startsWith("/") ? { state, image } : null;
  } catch {
    return null;
  }
}

/** Tells whether an image depends on that of a state, directly or by other images between them. */
export async function dependsOn(
  image: string,
  { files }: StateFiles,
  { object, state }: StateOf,
  signal?: AbortSignal,
): Promise<boolean> {
  const top = await realPath(join(files.location, object, "disk"));
  try {
    for (let [at, depth] = [image, 0]; depth < CHAIN_MAX; depth++) {
      const { backingFile } = await readHeader(new LocalFiles(dirname(at)), basename(at), signal);
      if (backingFile === null) return false;
      // A protocol, or JSON, may lead to any file.
      if (/^[a-z]+:/.test(backingFile)) return true;
      at = await realPath(resolve(dirname(at), backingFile));
      // The image of a state lies in the directory of its disk.
      if (basename(at) === imageName(state) && dirname(dirname(at)) === dirname(top)) return true;
    }
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    // The guest has another disk by now. An image that this process may not read counts as one that depends.
    return !(error instanceof ImageError || codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR");
  }
}

/** Returns a path whose directory has no links. The file itself may be missing, or a link. */
export async function realPath(path: string): Promise<string> {
  try {
    return join(await realpath(dirname(path)), basename(path));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return resolve(path);
    throw error;
  }
}
