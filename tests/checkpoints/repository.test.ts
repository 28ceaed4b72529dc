// The list of storages, new storages, and the last one of legacy mode.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointError, CheckpointRepository, CheckpointStorage } from "../../src/checkpoints/mod.ts";
import { defaultLocation } from "../../src/checkpoints/location.ts";
import { bytes } from "../support/bytes.ts";
import { inDirectory } from "../support/socket.ts";

const LAST = "last-checkpoint";

function withRepository(run: (repository: CheckpointRepository) => Promise<void>): Promise<void> {
  return inDirectory((base) => run(new CheckpointRepository(join(base, "cache", "checkpoints"))));
}

async function names(repository: CheckpointRepository): Promise<string[]> {
  return (await repository.storages()).map(({ location }) => location.slice(repository.location.length + 1));
}

async function createSaved(repository: CheckpointRepository, legacy = true): Promise<CheckpointStorage> {
  const storage = await repository.create({ legacy });
  await storage.save(bytes("content"));
  return storage;
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

function withVariables(variables: Record<"HOME" | "XDG_CACHE_HOME", string | undefined>, run: () => void): void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const put = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(variables)) put(name, value);
  try {
    run();
  } finally {
    for (const [name, value] of before) put(name, value);
  }
}

describe("CheckpointRepository", () => {
  test("the default location is in XDG_CACHE_HOME, or else in .cache of HOME", () => {
    withVariables({ XDG_CACHE_HOME: "/cache", HOME: "/home/me" }, () => {
      assertEquals(new CheckpointRepository().location, "/cache/tsxs/checkpoints");
    });
    // XDG has programs ignore relative paths.
    for (const XDG_CACHE_HOME of [undefined, "", "relative"]) {
      withVariables({ XDG_CACHE_HOME, HOME: "/home/me" }, () => {
        assertEquals(new CheckpointRepository().location, "/home/me/.cache/tsxs/checkpoints");
      });
    }
    withVariables({ XDG_CACHE_HOME: undefined, HOME: undefined }, () => {
      assert(/^\/.+\/\.cache\/tsxs\/checkpoints$/.test(defaultLocation()), defaultLocation());
    });
  });

  test("a repository that does not exist has no storages and no last one, and is not created", () =>
    withRepository(async (repository) => {
      assertEquals([await repository.storages(), await repository.lastStorage()], [[], null]);
      for await (const { location } of repository) assert(false, location);
      assert(!existsSync(repository.location));
    }));

  test("create() makes the repository and a storage for their owner alone, whatever the umask", () =>
    withRepository(async (repository) => {
      const umask = process.umask(0);
      try {
        const { location } = await repository.create();
        assertEquals([modeOf(join(repository.location, "..")), modeOf(repository.location)], ["700", "700"]);
        assertEquals([modeOf(location), readdirSync(location)], ["700", []]);
      } finally {
        process.umask(umask);
      }
    }));

  test("storages() lists directories in the order of their names, and no files and links", () =>
    withRepository(async (repository) => {
      const { location } = await repository.create();
      const base = repository.location;
      for (const name of ["b", "a", "é", "B", ".hidden"]) mkdirSync(join(base, name));
      writeFileSync(join(base, "file"), "");
      symlinkSync(location, join(base, "link"));
      symlinkSync(join(base, "missing"), join(base, "dangling"));
      execFileSync("mkfifo", [join(base, "pipe")]);
      const found = await names(repository);
      assertEquals(found.filter((name) => !name.endsWith(".checkpoint")), [".hidden", "B", "a", "b", "é"]);
      assertEquals(found.filter((name) => name.endsWith(".checkpoint")).length, 1);
      const iterated: string[] = [];
      for await (const storage of repository) iterated.push(storage.location);
      assertEquals(iterated, (await repository.storages()).map((storage) => storage.location));
    }));

  test("storages() lists the others if entries have bad names or bad content, or vanish while it runs", () =>
    withRepository(async (repository) => {
      const storage = await createSaved(repository);
      writeFileSync(storage.file, "corrupt");
      execFileSync("sh", ["-c", "mkdir \"$(printf 'bad\\377name')\" \"$(printf 'line\\nfeed')\""], {
        cwd: repository.location,
      });
      const kept = await names(repository);
      assert(kept.includes("line\nfeed") && kept.length >= 2, kept.join());
      const vanishing = Array.from({ length: 30 }, (_, i) => join(repository.location, `z${i}`));
      for (let round = 0; round < 10; round++) {
        for (const path of vanishing) mkdirSync(path);
        const listing = names(repository);
        for (const path of vanishing) {
          renameSync(path, `${repository.location}/../gone`);
          execFileSync("rmdir", [`${repository.location}/../gone`]);
          await new Promise((resolve) => setImmediate(resolve));
        }
        assertEquals((await listing).filter((name) => !name.startsWith("z")), kept);
      }
    }));

  test("storages() rejects if the repository is a file", () =>
    inDirectory(async (base) => {
      writeFileSync(join(base, "file"), "");
      const repository = new CheckpointRepository(join(base, "file"));
      const error = await assertRejects(() => repository.storages(), CheckpointError, "cannot list the checkpoints of");
      assertEquals([error.fault, error.code, await repository.lastStorage()], ["failed", "ENOTDIR", null]);
    }));

  test("concurrent calls of create() make a storage each", () =>
    withRepository(async (repository) => {
      const made = await Promise.all(Array.from({ length: 20 }, () => repository.create()));
      assertEquals(new Set(made.map(({ location }) => location)).size, 20);
      assertEquals((await repository.storages()).length, 20);
    }));

  test("create() refuses a base that all users may write unless it is sticky, and leaves nothing", () =>
    inDirectory(async (base) => {
      const open = join(base, "open");
      mkdirSync(open);
      chmodSync(open, 0o777);
      for (const location of [open, join(open, "below")]) {
        const error = await assertRejects(() => CheckpointStorage.create(location), CheckpointError);
        assertEquals([error.fault, error.file, readdirSync(open)], ["unsafe", open, []]);
      }
      chmodSync(open, 0o1777);
      await CheckpointStorage.create(open);
      assertEquals(readdirSync(open).length, 1);
    }));
});

describe("legacy mode", () => {
  test("a new storage replaces the last one, which is removed, and leaves the storages of other modes", () =>
    withRepository(async (repository) => {
      const other = await createSaved(repository, false);
      assertEquals(await repository.lastStorage(), null);
      const first = await createSaved(repository);
      writeFileSync(join(first.location, "another file"), "");
      assertEquals((await repository.lastStorage())?.location, first.location);
      const second = await createSaved(repository);
      assertEquals((await repository.lastStorage())?.location, second.location);
      assertEquals([existsSync(first.location), existsSync(other.location)], [false, true]);
      assertEquals(readdirSync(repository.location).filter((name) => name.startsWith("last")), [LAST]);
    }));

  test("the link is relative, so that a repository may be moved", () =>
    withRepository(async (repository) => {
      const { location } = await createSaved(repository);
      assertEquals(readlinkSync(join(repository.location, LAST)), location.slice(repository.location.length + 1));
      const moved = new CheckpointRepository(`${repository.location}-moved`);
      renameSync(repository.location, moved.location);
      assertEquals(await (await moved.lastStorage())?.load(), bytes("content"));
    }));

  test("a relative base does not leave a dangling link", () =>
    inDirectory(async (base) => {
      const before = process.cwd();
      process.chdir(base);
      try {
        const storage = await CheckpointStorage.create("checkpoints", { legacy: true });
        await storage.save(bytes("content"));
        process.chdir("/");
        const repository = new CheckpointRepository(join(base, "checkpoints"));
        assertEquals((await repository.lastStorage())?.location, storage.location);
        assert(statSync(join(base, "checkpoints", LAST)).isDirectory());
      } finally {
        process.chdir(before);
      }
    }));

  for (
    const [name, make] of [
      ["a directory outside of the repository", (base: string) => join(base, "..", "victim")],
      ["a directory below a storage", (base: string) => join(base, "storage", "victim")],
      ["a directory without a checkpoint", (base: string) => join(base, "victim")],
    ] as const
  ) {
    test(`a new storage does not remove ${name} that the link names`, () =>
      withRepository(async (repository) => {
        await repository.create();
        const victim = make(repository.location);
        mkdirSync(victim, { recursive: true });
        writeFileSync(join(victim, "precious"), "");
        if (!name.includes("without")) {
          const saved = await createSaved(repository, false);
          renameSync(saved.file, join(victim, "checkpoint.tsxs"));
        }
        symlinkSync(victim, join(repository.location, LAST));
        const { location } = await repository.create({ legacy: true });
        assert(existsSync(join(victim, "precious")));
        assertEquals((await repository.lastStorage())?.location, location);
      }));
  }

  test("a new storage does not remove what a link of the repository leads to", () =>
    withRepository(async (repository) => {
      const other = new CheckpointRepository(join(repository.location, "..", "other"));
      const victim = await createSaved(other, false);
      await repository.create();
      symlinkSync(victim.location, join(repository.location, "link"));
      symlinkSync("link", join(repository.location, LAST));
      assertEquals(await repository.lastStorage(), null);
      await repository.create({ legacy: true });
      assertEquals(await victim.load(), bytes("content"));
      assert(lstatSync(join(repository.location, "link")).isSymbolicLink());
    }));

  test("a file or directory of the link's name is left alone: create() rejects, and leaves no storage", () =>
    withRepository(async (repository) => {
      await repository.create();
      const link = join(repository.location, LAST);
      for (const make of [() => writeFileSync(link, "precious"), () => mkdirSync(link)]) {
        make();
        const before = readdirSync(repository.location);
        const error = await assertRejects(() => repository.create({ legacy: true }), CheckpointError);
        assertEquals([error.fault, error.file], ["unsafe", link]);
        assertEquals([readdirSync(repository.location), await repository.create().then(() => true)], [before, true]);
        execFileSync("rm", ["-r", link]);
      }
    }));

  test("a dangling link and one to this repository are replaced", () =>
    withRepository(async (repository) => {
      await repository.create();
      for (const target of ["missing", ".", "..", "/", LAST]) {
        execFileSync("rm", ["-f", join(repository.location, LAST)]);
        symlinkSync(target, join(repository.location, LAST));
        if (target !== LAST) assertEquals(await repository.lastStorage(), null, target);
        const { location } = await repository.create({ legacy: true });
        assertEquals((await repository.lastStorage())?.location, location, target);
      }
    }));
});

describe("remove()", () => {
  test("remove() removes other files of the storage, and a link but not its target", () =>
    withRepository(async (repository) => {
      const storage = await createSaved(repository);
      const kept = await createSaved(repository, false);
      mkdirSync(join(storage.location, "deep"));
      symlinkSync(kept.location, join(storage.location, "deep", "link"));
      assertEquals([await storage.remove(), await storage.remove()], [true, false]);
      assertEquals(await names(repository), [kept.location.slice(repository.location.length + 1)]);
      assertEquals(await kept.load(), bytes("content"));
    }));

  test("remove() refuses a link, a file, and a directory that is no storage", () =>
    withRepository(async (repository) => {
      const kept = await createSaved(repository, false);
      const [link, file, other] = ["link", "file", "other"].map((name) => join(repository.location, name));
      symlinkSync(kept.location, link ?? "");
      writeFileSync(file ?? "", "");
      mkdirSync(other ?? "");
      writeFileSync(join(other ?? "", "precious"), "");
      for (const path of [link, file, other]) {
        const error = await assertRejects(() => new CheckpointStorage(path ?? "").remove(), CheckpointError);
        assertEquals([error.fault, existsSync(path ?? "")], ["unsafe", true]);
      }
      assertEquals(await kept.load(), bytes("content"));
    }));
});
