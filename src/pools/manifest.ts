// The manifest of a state: its files and their digests, and the state that it depends on.

import { IntegrityError } from "./copy.ts";
import type { FileDigest } from "./digest.ts";
import { checkedObject, checkedState } from "./names.ts";

const FORMAT = "tsxs-state";
const VERSION = 1;
const sha256Pattern = /^[0-9a-f]{64}$/;
/** The largest manifest that is read. It describes some 30 TiB. */
export const MANIFEST_MAX: number = 2 ** 27;

/** A file of a state. */
export interface StateFile extends FileDigest {
  /** The path of the file below the directory of its object, such as `clean.tree` or `disk/clean.qcow2`. */
  readonly path: string;
}

/** What a state consists of. */
export interface StateManifest {
  /** The object, such as `"guest"`. */
  readonly object: string;
  /** The name of the state. */
  readonly state: string;
  /** The state that this one depends on; `null` if it depends on none. */
  readonly parent: string | null;
  /** The files. */
  readonly files: readonly StateFile[];
}

/** Returns the text of a manifest, which is JSON. */
export function formatManifest({ object, state, parent, files }: StateManifest): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, object, state, parent, files }, null, 1)}\n`;
}

/**
 * Parses the text of a manifest.
 *
 * Throws an {@linkcode IntegrityError} if the text is no manifest of this state, or names a file that is not one of the
 * object's: a pool may be written by others.
 */
export function parseManifest(
  text: string,
  location: string,
  path: string,
  of: Pick<StateManifest, "object" | "state">,
): StateManifest {
  const refuse = (fault: string): never => {
    throw new IntegrityError(location, path, fault);
  };
  const record = recordOf(text) ?? refuse("it is no manifest");
  if (record.format !== FORMAT) refuse("it is no manifest");
  if (record.version !== VERSION) refuse(`its version is ${JSON.stringify(record.version)}: expected ${VERSION}`);
  if (record.object !== of.object || record.state !== of.state) refuse("it is the manifest of another state");
  const { parent } = record;
  if (parent !== null && !(typeof parent === "string" && parent !== of.state && isName(parent))) {
    return refuse(`its parent is ${JSON.stringify(parent)}`);
  }
  if (!Array.isArray(record.files)) return refuse("it has no files");
  const files = record.files.map((file: unknown) => {
    const checked = fileOf(file, of.state);
    return checked ?? refuse(`it has the file ${JSON.stringify(file)}`);
  });
  return { ...of, parent, files };
}

function recordOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const record: unknown = JSON.parse(text);
    return typeof record === "object" && record !== null ? { ...record } : null;
  } catch {
    return null;
  }
}

function fileOf(record: unknown, state: string): StateFile | null {
  if (typeof record !== "object" || record === null) return null;
  const { path, size, sha256, beginnings } = record as Partial<Record<keyof StateFile, unknown>>;
  const isHash = (hash: unknown): hash is string => typeof hash === "string" && sha256Pattern.test(hash);
  if (typeof path !== "string" || !isPathOf(path, state)) return null;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return null;
  if (!isHash(sha256) || !Array.isArray(beginnings) || !beginnings.every(isHash)) return null;
  return { path, size, sha256, beginnings };
}

/** Tells whether a path is that of a file of a state: `STATE.EXTENSION`, in the object's directory or in one below. */
export function isPathOf(path: string, state: string): boolean {
  const components = path.split("/");
  const name = components.at(-1) ?? "";
  return components.length <= 2 && components.every(isName) && name.startsWith(`${state}.`) &&
    /^[a-z0-9]+$/.test(name.slice(state.length + 1)) && name !== manifestName(state);
}

function isName(name: string): boolean {
  try {
    return checkedObject(name) === checkedState(name);
  } catch {
    return false;
  }
}

/** The end of the name of a manifest. */
export const MANIFEST_END = ".state";

/** Returns the name of the manifest of a state. */
export function manifestName(state: string): string {
  return `${state}${MANIFEST_END}`;
}

/** Tells whether two states have the same content. */
export function isSameContent(one: StateManifest, other: StateManifest): boolean {
  const digests = ({ parent, files }: StateManifest): string =>
    JSON.stringify([parent, files.map(({ path, size, sha256 }) => [path, size, sha256]).sort()]);
  return digests(one) === digests(other);
}
