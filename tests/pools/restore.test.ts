// Parts of an object that several processes restore and keep at the same time.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StateError } from "../../src/pools/errors.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { LocalStates } from "../../src/pools/local_states.ts";
import { LockedStateError } from "../../src/pools/lock.ts";
import { breakLock } from "../../src/pools/lock_break.ts";
import { lockStatus } from "../../src/pools/lock_status.ts";
import type { PreparedPart, StatePart } from "../../src/pools/part.ts";
import { getStates, setStates } from "../../src/pools/states.ts";
import type { StateFiles } from "../../src/pools/state_files.ts";

const of = (state: string) => [{ object: "guest", state }];

/** A disk whose content is the name of a state. */
class Content implements StatePart {
  readonly image = "/nonexistent/image";
  content = "clean";
  discarded = 0;
  /** Is called while the part is prepared, and while it is kept. */
  during: () => Promise<unknown> = () => Promise.resolve();

  fileOf(state: string): string {
    return `${state}.content`;
  }

  exists(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async make(): Promise<void> {}

  async remove(): Promise<void> {}

  parent(): Promise<null> {
    return Promise.resolve(null);
  }

  async keep(...[, states, path]: Parameters<StatePart["keep"]>): Promise<{ readonly parent: null }> {
    await this.during();
    const file = await states.files.openPart(path);
    await file.write(new TextEncoder().encode(this.content), 0);
    await file.close();
    return { parent: null };
  }

  async restore(...[request]: Parameters<StatePart["restore"]>): Promise<void> {
    await (await this.prepare(request)).commit();
  }

  async prepare({ state }: { readonly state: string }, _states?: StateFiles): Promise<PreparedPart> {
    await this.during();
    return {
      commit: () => {
        this.content = state;
        return Promise.resolve();
      },
      discard: () => {
        this.discarded++;
        return Promise.resolve();
      },
    };
  }
}

describe("the parts of an object", () => {
  let directory = "";
  let part: Content;
  let other: LocalStates;
  let backend: LocalStates;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tsxs-pools-"));
    part = new Content();
    backend = new LocalStates({ directory, parts: () => [part] });
    // The part of another process.
    other = new LocalStates({ directory, parts: () => [new Content()], lock: { timeout: 0 } });
    await setStates(backend, [...of("clean"), ...of("other")]);
  });
  afterEach(() => rm(directory, { recursive: true }));

  test("are restored by one process at a time, whatever the states", async () => {
    let refused = 0;
    part.during = async () => {
      for (const skipLocks of [false, true]) {
        const error = await assertRejects(() => getStates(other, of("other"), { skipLocks }), LockedStateError);
        assertEquals([error.object, error.state, error.lock.owner?.process], ["guest", "", process.pid]);
        refused++;
      }
    };
    await getStates(backend, of("clean"));
    assertEquals(refused, 2);
    await getStates(other, of("other"));
  });

  test("are not restored while another process keeps them", async () => {
    let refused = 0;
    part.during = async () => {
      await assertRejects(() => getStates(other, of("other")), LockedStateError);
      await assertRejects(() => setStates(other, of("other")), LockedStateError);
      refused++;
    };
    await setStates(backend, of("clean"));
    assertEquals(refused, 1);
    await setStates(other, of("other"));
    assertEquals((await readdir(join(directory, "guest"))).filter((name) => name.startsWith(".")), []);
  });

  for (const lock of ["guest/.lock", "guest/.clean.lock"]) {
    test(`stay as they are if ${lock} is broken while they are prepared`, async () => {
      part.content = "mine";
      part.during = async () => {
        const files = new LocalFiles(directory);
        const status = await lockStatus(files, lock);
        assert(status !== null && await breakLock(files, lock, status));
      };
      await assertRejects(() => getStates(backend, of("clean")), StateError, "another process has broken the lock");
      assertEquals([part.content, part.discarded], ["mine", 1]);
    });
  }
});
