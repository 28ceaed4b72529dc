// The states of domains in a repository of saved trees: which tree belongs to which domain.

import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { CheckpointRepository, type CheckpointStorage, openTree, saveTree } from "../../../src/checkpoints/mod.ts";
import { type Client, connect } from "../../../src/client/client.ts";
import { Daemon } from "../../../src/daemon/mod.ts";
import { checkpoints, DomainFlag, listDomains, type SourceProblem, treeStates } from "../../../src/domains/mod.ts";
import { Directory } from "../../support/directory.ts";
import { endDomain, makeDomain, someDomain, uuidFor } from "../../support/domains.ts";

interface Setting {
  readonly store: Client;
  readonly repository: CheckpointRepository;
  readonly problems: SourceProblem[];
  /** Saves a tree, as a difference to an earlier one if that is given. Resolves with its directory. */
  save(path: string, parent?: Awaited<ReturnType<typeof saveTree>>): Promise<Awaited<ReturnType<typeof saveTree>>>;
  /** The numbers of the domains that a flag selects. */
  ids(flag: keyof typeof DomainFlag): Promise<(number | null)[]>;
}

/** Runs a test with the domains 5 and 6 and an empty repository. */
async function withRepository(body: (setting: Setting) => Promise<void>): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  for (const id of [5, 6]) await makeDomain(store, someDomain(id));
  using directory = new Directory({});
  const repository = new CheckpointRepository(directory.at("states"));
  const problems: SourceProblem[] = [];
  const sources = [checkpoints(treeStates(repository, openTree, { onProblem: (problem) => problems.push(problem) }))];
  await body({
    store,
    repository,
    problems,
    save: async (path, parent) => {
      const storage = await repository.create();
      return await saveTree(store, path, { storage, ...parent === undefined ? {} : { since: parent } });
    },
    ids: async (flag) => (await listDomains(store, { flags: DomainFlag[flag], sources })).map(({ id }) => id),
  });
}

describe("treeStates()", () => {
  test("a whole tree of a domain is a snapshot, and a difference to it a checkpoint", () =>
    withRepository(async ({ store, save, ids, problems }) => {
      assertEquals([await ids("hasSnapshot"), await ids("noCheckpoint")], [[], [5, 6]]);
      const whole = await save("/local/domain/5");
      assertEquals([await ids("hasSnapshot"), await ids("noSnapshot"), await ids("hasCheckpoint")], [[5], [6], []]);
      await store.write("/local/domain/5/data", "more");
      await save("/local/domain/5", whole);
      assertEquals([await ids("hasSnapshot"), await ids("hasCheckpoint"), await ids("noCheckpoint")], [[5], [5], [6]]);
      assertEquals(problems, []);
    }));

  test("a tree belongs to the domain of its UUID, whatever number that has now, and not to the next domain of its number", () =>
    withRepository(async ({ store, save, ids }) => {
      await save("/local/domain/5");
      await endDomain(store, someDomain(5));
      await makeDomain(store, someDomain(5, 77));
      assertEquals(await ids("hasSnapshot"), []);
      await makeDomain(store, someDomain(9, 5));
      assertEquals(await ids("hasSnapshot"), [9]);
    }));

  test("a tree without a UUID belongs to the domain of its name", () =>
    withRepository(async ({ store, save, ids }) => {
      for (const vm of ["/vm/no uuid", null]) {
        if (vm === null) await store.delete("/local/domain/6/vm");
        else await store.write("/local/domain/6/vm", vm);
        await save("/local/domain/6");
        assertEquals(await ids("hasSnapshot"), [6]);
      }
    }));

  for (const top of ["/local/domain", "/local", "/"]) {
    test(`the tree of ${top} is a snapshot of each domain in it`, () =>
      withRepository(async ({ store, save, ids }) => {
        await save(top);
        await makeDomain(store, someDomain(7));
        assertEquals([await ids("hasSnapshot"), await ids("noSnapshot")], [[5, 6], [7]]);
      }));
  }

  for (const top of ["/local/domain/5/control", "/local/domain/5/vm", "/vm", "/local/domain/0", "/libxl/5"]) {
    test(`the tree of ${top} is no state of a domain`, () =>
      withRepository(async ({ save, ids, problems }) => {
        await save(top);
        assertEquals([await ids("hasSnapshot"), problems], [[], []]);
      }));
  }

  test("nodes deeper in a home that are named as those of a home name no domain", () =>
    withRepository(async ({ store, save, ids }) => {
      await store.write("/local/domain/5/data/vm", `/vm/${uuidFor(6)}`);
      await store.write("/local/domain/5/local/domain/6/vm", `/vm/${uuidFor(6)}`);
      await save("/local/domain/5");
      assertEquals(await ids("hasSnapshot"), [5]);
    }));

  test("a storage without a file is passed over, and one that is no tree or is corrupt is a problem", () =>
    withRepository(async ({ repository, save, ids, problems }) => {
      await repository.create();
      const other = await repository.create();
      await other.save(new TextEncoder().encode("the state of a program\n"));
      const corrupt = await repository.create();
      writeFileSync(`${corrupt.location}/checkpoint.tsxs`, "cut");
      await save("/local/domain/5");
      assertEquals(await ids("hasSnapshot"), [5]);
      assertEquals(
        problems.map(({ source, entry }) => `${source} ${entry}`).sort(),
        [other, corrupt].map(({ location }) => `checkpoints ${location}`).sort(),
      );
    }));

  test("a difference whose earlier tree is missing is a problem", () =>
    withRepository(async ({ store, repository, save, ids, problems }) => {
      const whole = await save("/local/domain/5");
      await store.write("/local/domain/5/data", "more");
      await save("/local/domain/5", whole);
      const storages = await repository.storages();
      await storages.find(({ location }) => location.endsWith(`/${whole.name}`))?.remove();
      assertEquals([await ids("hasSnapshot"), await ids("hasCheckpoint")], [[], []]);
      assertEquals(problems.length, 2);
    }));

  test("a reading ends with its signal, although the repository does not answer", async () => {
    const controller = new AbortController();
    const silent: AsyncIterable<CheckpointStorage> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
    };
    const reading = checkpoints(treeStates(silent, openTree)).read({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await assertRejects(() => reading, Error, "enough");
  });
});
