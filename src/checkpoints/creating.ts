// Makes the directory of a new storage.

import { randomBytes } from "node:crypto";
import { lstat, mkdir, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { prepareParent } from "../files/safety.ts";
import { syncDirectory } from "../files/sync.ts";
import { codeOf } from "../wire/system_errors.ts";
import { CheckpointError, failed } from "./errors.ts";
import { replaceLast } from "./last.ts";
import { SUFFIX } from "./location.ts";

const ROOT = 0;

/** Makes a new directory in a directory, which is made if it does not exist. Returns its path. */
export async function createStorage(base: string, isLegacy: boolean): Promise<string> {
  const what = `cannot create a checkpoint in "${base}"`;
  const unsafe = (file: string, state: string): CheckpointError =>
    new CheckpointError("unsafe", `${what}: ${state}`, { file });
  try {
    prepareParent(base, unsafe);
    const location = await makeUnique(base);
    try {
      const [{ uid: user }, { uid: owner }] = await Promise.all([lstat(location), stat(base)]);
      if (owner !== user && owner !== ROOT) {
        throw unsafe(base, `user ${owner} owns "${base}", and this process runs as user ${user}`);
      }
      syncDirectory(base);
      if (isLegacy) await replaceLast(base, location, unsafe);
      return location;
    } catch (error) {
      await rmdir(location).catch(() => {});
      throw error;
    }
  } catch (error) {
    throw failed(what, error, base);
  }
}

/** Makes a directory that did not exist, for its owner alone. Its name has the time, by the clock of this machine. */
async function makeUnique(base: string): Promise<string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  for (;;) {
    const location = join(base, `${time}-${randomBytes(6).toString("hex")}${SUFFIX}`);
    try {
      await mkdir(location, { mode: 0o700 });
      return location;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
}
