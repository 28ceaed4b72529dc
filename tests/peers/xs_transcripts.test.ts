// Transcripts of calls on the real xen.lowlevel.xs and on ours, compared line by line.

import process from "node:process";
import { after, describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { kinds, Players } from "../compat/players.ts";
import { endingScript, fixedScript, generatedScript, type Step } from "../compat/xs/script.ts";
import { withPeers } from "./peers.ts";
import { timeout } from "../support/limits.ts";

const GENERATED = 600;
/** A worker's caller cannot tell an unsent request from an unanswered one. */
const BROKEN_PIPE = "Error 32 Broken pipe, str (32, 'Broken pipe')";
const BAD_DESCRIPTOR = "Error 9 Bad file descriptor, str (9, 'Bad file descriptor')";
const seed = Number(process.env.TSXS_SEED ?? Math.floor(Math.random() * 2 ** 32));

withPeers("transcripts of xen.lowlevel.xs", () => {
  const players = new Players("tests/compat/xs/player.ts");
  const real = new Map<string, Promise<string[]>>();
  after(() => players[Symbol.dispose]());

  /** The transcript of the real binding, made once for each script. */
  function expected(name: string, steps: readonly Step[], values: "text" | "bytes"): Promise<string[]> {
    const key = `${name} ${values}`;
    const lines = real.get(key) ?? players.real(steps, values);
    real.set(key, lines);
    return lines;
  }

  async function compare(name: string, steps: readonly Step[], values: "text" | "bytes", kind: string): Promise<void> {
    const [theirs, ours] = [await expected(name, steps, values), await players.ours(steps, values, kind)].map((lines) =>
      lines.map((line) => kind === "worker" ? line.replace(BROKEN_PIPE, BAD_DESCRIPTOR) : line)
    );
    assert(theirs !== undefined && ours !== undefined);
    const differing = ours.flatMap((line, i) => line === theirs[i] ? [] : [`ours: ${line}\nreal: ${theirs[i]}`]);
    assertEquals(differing.slice(0, 20), [], `${differing.length} of ${steps.length} calls differ`);
    assertEquals(ours.length, theirs.length);
    assertEquals(ours.length, steps.length);
  }

  for (const kind of kinds) {
    describe(`xen.lowlevel.xs over ${kind}`, () => {
      test(
        `every method, edge case and failure is the same over ${kind}, with values as bytes`,
        { timeout },
        async () => {
          assert(fixedScript().length > 1000);
          await compare("fixed", fixedScript(), "bytes", kind);
        },
      );

      test(
        `every method, edge case and failure is the same over ${kind}, with values as text`,
        { timeout },
        async () => {
          await compare("fixed", fixedScript(), "text", kind);
        },
      );

      test(`the end of the daemon is the same over ${kind}`, { timeout }, async () => {
        await compare("ending", endingScript(), "bytes", kind);
      });

      test(`${GENERATED} generated calls are the same over ${kind} (TSXS_SEED=${seed})`, { timeout }, async () => {
        await compare("generated", generatedScript(seed, GENERATED), "bytes", kind);
      });
    });
  }
});
