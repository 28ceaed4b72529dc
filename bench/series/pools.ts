// Bringing states to a pool of another host, beside rsync and scp on the same files and the same sshd.

import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSshd } from "../../tests/peers/sshd.ts";
import { image } from "../../tests/pools/images.ts";
import { putState } from "../../tests/pools/put_state.ts";
import { digestOf } from "../../src/pools/digest.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { type Program, variant } from "../programs.ts";
import { runRounds } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import type { Context, Series } from "./series.ts";

const ROUNDS = 3;
const MIB = 2 ** 20;
const IMAGE_MIB = 1024;
const QUICK_IMAGE_MIB = 16;
/** One MiB in so many has content. The others are holes. */
const SPARSE = 8;
const STATES = 10_000;
const QUICK_STATES = 20;
const STATE_BYTES = 200;

/** Puts one state with a sparse image into a directory. */
async function putImage(directory: string, size: number): Promise<void> {
  await putState(directory, "clean", null, { "disk/clean.qcow2": image() });
  const file = await open(join(directory, "guest/disk/clean.qcow2"), "r+");
  try {
    for (let at = 1; at < size; at += SPARSE) {
      await file.write(Uint8Array.from({ length: MIB }, (_, i) => (i * at + (i >> 7)) % 255 + 1), 0, MIB, at * MIB);
    }
    await file.truncate(size * MIB);
  } finally {
    await file.close();
  }
  const path = "disk/clean.qcow2";
  const digest = await digestOf(new LocalFiles(directory).read(join("guest", path)));
  const manifest = { object: "guest", state: "clean", parent: null, files: [{ path, ...digest }] };
  await StateFiles.local(directory).commit(manifest, { hasParts: false });
}

async function putSmall(directory: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const bytes = Uint8Array.from({ length: STATE_BYTES }, (_, at) => (at * i) % 255 + 1);
    await putState(directory, `state-${i}`, null, { [`state-${i}.tree`]: bytes });
  }
}

async function measure({ runtimes, stores, quick, print }: Context): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-bench-"));
  const sshd = await startSshd();
  const config = sshd.configure("bench");
  try {
    const kinds = [
      ["an image", (path: string) => putImage(path, quick ? QUICK_IMAGE_MIB : IMAGE_MIB)],
      ["small states", (path: string) => putSmall(path, quick ? QUICK_STATES : STATES)],
    ] as const;
    for (const [kind, put] of kinds) {
      const from = join(directory, kind.replace(" ", "-"));
      await put(from);
      const to = `${from}-to`;
      const host = `${sshd.user}@127.0.0.1`;
      const shell = (name: string, words: string): Program => ({
        name,
        // Each run has a target of its own. The last line is the result.
        command: ["/bin/sh", "-c", `mkdir -p ${to} && ${words.replace("TARGET", `${host}:${to}/$$`)} && echo '{}'`],
      });
      const programs: Program[] = [
        shell("rsync -aS", `rsync -aS -e 'ssh -F ${config} -p ${sshd.port}' ${from}/ TARGET/`),
        shell("rsync -aS --fsync", `rsync -aS --fsync -e 'ssh -F ${config} -p ${sshd.port}' ${from}/ TARGET/`),
        shell("scp -r", `scp -qr -F ${config} -P ${sshd.port} ${from} TARGET`),
        ...runtimes.map((runtime) =>
          variant(runtime, "pools", from, `ssh://${sshd.user}@127.0.0.1:${sshd.port}${to}`, config)
        ),
      ];
      const results = await runRounds(programs, quick ? 1 : ROUNDS, stores, "same");
      rmSync(to, { recursive: true });
      const rows = programs.map(({ name }) => [
        name,
        spreadText(results.spread(name, "wall")),
        name === "rsync -aS" ? "1" : spreadText(results.ratio(name, "wall", "rsync -aS")),
        name.startsWith("tsxs") ? spreadText(results.spread(name, "memory")) : "",
      ]);
      print(table([kind, "wall ms", "times rsync", "MiB"], rows));
    }
  } finally {
    await sshd.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Pools. */
export const poolsSeries: Series = {
  name: "pools",
  title: `Bringing a sparse image of ${IMAGE_MIB} MiB, and ${
    STATES.toLocaleString("en")
  } small states, to a pool over SSH on loopback`,
  run: measure,
};
