// What a target has of a state that a transfer brings: its manifest, and the files that are what the manifest says.

import { join } from "node:path";
import { codeOf } from "../wire/system_errors.ts";
import { IntegrityError } from "./copy.ts";
import { digestOf } from "./digest.ts";
import type { StateFile, StateManifest } from "./manifest.ts";
import type { StateFiles } from "./state_files.ts";

/** What a target has of a state. */
export interface Present {
  /** Whether the target has the state, whole or damaged. */
  readonly exists: boolean;
  /** What other states of the target depend on; `null` if the state does not exist. */
  readonly there: StateManifest | null;
  /** The files that need not be sent: they are there, with the content of the new state. */
  readonly kept: StateManifest | null;
  /** The files with the content of the new state, also those that are sent again with a damaged manifest. */
  readonly intact: StateManifest | null;
}

/**
 * Finishes a commit at the target, whose lock the caller holds, and returns what the target has of the state `next`.
 * With `verify`, the files are read. Otherwise their sizes count.
 *
 * If the manifest of the target is damaged, only what is read counts: a file with another content is one that others
 * may depend on.
 */
export async function presentAt(
  target: StateFiles,
  next: StateManifest,
  { verify, signal }: { readonly verify: boolean; readonly signal: AbortSignal | undefined },
): Promise<Present> {
  const found = await target.finishDamaged(next.object, next.state);
  if (found === null) return { exists: false, there: null, kept: null, intact: null };
  const isDamaged = found instanceof IntegrityError;
  const known = isDamaged ? next : found;
  const files: StateFile[] = [];
  for (const file of next.files) {
    const isKnown = known.files.some(({ path, sha256 }) => path === file.path && sha256 === file.sha256);
    if (isKnown && await isIntact(target, next.object, file, isDamaged || verify, signal)) files.push(file);
  }
  const intact = { ...known, files };
  return isDamaged
    ? { exists: true, there: intact, kept: null, intact }
    : { exists: true, there: found, kept: intact, intact };
}

async function isIntact(
  { files }: StateFiles,
  object: string,
  { path, size, sha256 }: StateFile,
  verify: boolean,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const at = join(object, path);
  try {
    if ((await files.status(at))?.size !== size) return false;
    return !verify || (await digestOf(files.read(at, { signal }))).sha256 === sha256;
  } catch (error) {
    // Something else has the name of the file. Or the file was removed.
    if (codeOf(error) === "EINVAL" || codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
