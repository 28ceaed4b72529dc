// Puts states into directories, as a set of this host or a transfer leaves them.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { partPath } from "../../src/pools/copy.ts";
import { digestOf, STRIDE } from "../../src/pools/digest.ts";
import type { StateManifest } from "../../src/pools/manifest.ts";
import { StateFiles } from "../../src/pools/state_files.ts";

/** Puts a state of the object `guest`, with files of these contents, into a directory. */
export async function putState(
  directory: string,
  state: string,
  parent: string | null,
  contents: Readonly<Record<string, Uint8Array>>,
  stride: number = STRIDE,
): Promise<StateManifest> {
  const files = [];
  for (const [path, bytes] of Object.entries(contents)) {
    const digest = await digestOf([bytes], stride);
    const part = join(directory, partPath(join("guest", path), digest));
    await mkdir(dirname(part), { recursive: true });
    await writeFile(part, bytes);
    files.push({ path, ...digest });
  }
  const manifest = { object: "guest", state, parent, files };
  await StateFiles.local(directory).commit(manifest);
  return manifest;
}
