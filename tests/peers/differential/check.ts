// One differential run: random steps with two fresh stores and, if they differ, a report with a short series of steps.

import type { Difference } from "./differences.ts";
import { Generator, type Profile } from "./generator.ts";
import { NOWHERE } from "./requests.ts";
import type { Answer } from "./answers.ts";
import { Comparison, type Exchange, type Mismatch, type Reached } from "./run.ts";
import { shownRequest, shownSlot, shownStep, shownText, type Step } from "./steps.ts";
import type { Tested } from "./stores.ts";

/** Starts the two stores. */
export interface Starters {
  readonly real: () => Promise<Tested>;
  readonly ours: () => Tested | Promise<Tested>;
}

/** The totals of several runs. */
export interface Tally {
  /** How often each expected difference occurred. */
  readonly used: Map<string, number>;
  /** How often each operation ended in which way. */
  readonly reached: Reached;
  /** The number of requests that were sent. */
  sent: number;
}

const SHRINK_WITHIN_MS = 30_000;
/** The time after which an answer counts as missing. */
const STUCK_MS = 100_000;
const HISTORY = 30;
const SHOWN = 50;

interface Failure {
  readonly mismatch: Mismatch;
  /** The number of steps, including the one with the difference. */
  readonly steps: number;
  readonly history: readonly Exchange[];
}

/** Does steps from a seed until so many requests were sent. Throws with a report if the stores differ. */
export async function check(
  seed: number,
  requests: number,
  profile: Profile,
  starters: Starters,
  differences: readonly Difference[],
  tally: Tally,
): Promise<void> {
  const generator = new Generator(seed, profile);
  const steps: Step[] = [];
  await using real = await starters.real();
  await using ours = await starters.ours();
  const comparison = new Comparison(real, ours, differences, tally.used, tally.reached);
  await comparison.start();
  const guard = stopWhenStuck(comparison, real, ours);
  try {
    while (comparison.sent < requests) {
      const step = generator.next();
      steps.push(step);
      const mismatch = await comparison.do(step);
      if (mismatch === null) continue;
      await comparison.end();
      const failure = { mismatch, steps: steps.length, history: comparison.history };
      const short = await shrink(steps, starters, differences);
      throw new Error(report(seed, real.name, ours.name, failure, short));
    }
    tally.sent += comparison.sent;
    await comparison.end();
  } finally {
    clearInterval(guard);
  }
}

/** Ends both stores if an answer is missing, which then shows as a difference. */
function stopWhenStuck(comparison: Comparison, real: Tested, ours: Tested): ReturnType<typeof setInterval> {
  let before = -1;
  return setInterval(() => {
    if (comparison.steps === before) void Promise.all([real[Symbol.asyncDispose](), ours[Symbol.asyncDispose]()]);
    before = comparison.steps;
  }, STUCK_MS);
}

/** Repeats the steps with fresh stores. Returns null if the answers are equal. */
async function again(
  steps: readonly Step[],
  starters: Starters,
  differences: readonly Difference[],
): Promise<Failure | null> {
  await using real = await starters.real();
  await using ours = await starters.ours();
  const comparison = new Comparison(real, ours, differences);
  await comparison.start();
  const guard = stopWhenStuck(comparison, real, ours);
  try {
    for (const [i, step] of steps.entries()) {
      const mismatch = await comparison.do(step);
      if (mismatch !== null) return { mismatch, steps: i + 1, history: comparison.history };
    }
    return null;
  } finally {
    clearInterval(guard);
    await comparison.end();
  }
}

/** Removes steps while the stores still differ, within the time limit. */
async function shrink(
  steps: readonly Step[],
  starters: Starters,
  differences: readonly Difference[],
): Promise<readonly Step[] | null> {
  const deadline = performance.now() + SHRINK_WITHIN_MS;
  const fails = async (some: readonly Step[]): Promise<readonly Step[] | null> => {
    const failure = await again(some, starters, differences);
    return failure === null ? null : some.slice(0, failure.steps);
  };
  let left = await fails(single(steps)) ?? await fails(steps);
  if (left === null) return null;
  for (let size = left.length >> 1; size >= 1 && performance.now() < deadline;) {
    let shorter = false;
    for (let from = 0; from < left.length && performance.now() < deadline;) {
      const fewer: readonly Step[] | null = await fails([...left.slice(0, from), ...left.slice(from + size)]);
      if (fewer === null) from += size;
      else {
        left = fewer;
        shorter = true;
      }
    }
    if (size > 1) size >>= 1;
    else if (!shorter) break;
  }
  return left;
}

/** One request a step, except requests that leave an error in the memory of 4.17 for the next one. */
function single(steps: readonly Step[]): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.kind !== "send") return [step];
    const { requests } = step;
    return requests.flatMap((request, i): Step[] => {
      if (request.text === NOWHERE) return [];
      const before = requests[i - 1];
      return [{ ...step, requests: before?.text === NOWHERE ? [before, request] : [request] }];
    });
  });
}

function report(seed: number, real: string, ours: string, failure: Failure, short: readonly Step[] | null): string {
  const { mismatch, steps, history } = failure;
  const asked = mismatch.window.requests.map(shownRequest).join("; ");
  const what = mismatch.request === null ? `the events after ${asked}` : shownRequest(mismatch.request);
  const near = history.filter(({ request }) =>
    mismatch.request === null || related(request.text, mismatch.request.text)
  );
  return [
    `the stores differ (TSXS_SEED=${seed}, step ${steps}): ${shownSlot(mismatch.slot)}, ${what}`,
    `  ${real.padEnd(10)} ${shownAnswer(mismatch.real)}`,
    `  ${ours.padEnd(10)} ${shownAnswer(mismatch.ours)}`,
    "earlier requests on related paths:",
    ...near.slice(-HISTORY).map(({ step, slot, request, answer }) =>
      `  ${step} ${shownSlot(slot)}: ${shownRequest(request)} -> ${shownAnswer(answer)}`
    ),
    short === null ? "a repetition showed no difference" : `sufficient steps, ${short.length}:`,
    ...(short ?? []).slice(-SHOWN).map((step) => `  ${shownStep(step)}`),
  ].join("\n");
}

function shownAnswer({ events, reply }: Answer): string {
  const said = reply === null ? "closed" : `${reply.type} tx ${reply.tx} "${shownText(reply.text)}"`;
  return [...events.map((event) => `event "${shownText(event)}"`), said].join(", ");
}

/** Whether one of two payloads begins with a path at, above or below the other's path. */
function related(one: string, other: string): boolean {
  const [a = "", b = ""] = [one.split("\0")[0], other.split("\0")[0]];
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`) || b === "" || !/^[/@a-z]/.test(b);
}
