// `control live-update`: replaces the running daemon by another binary.

import { escapeLines } from "./escape.ts";
import { reasonOf } from "./invocation.ts";
import { atoi } from "./numbers.ts";
import type { Session } from "./session.ts";

const USAGE = 2;
const REFUSED = 3;
const TIMEOUT_S = 60;
const POLL_MS = 1000;

/** What the arguments ask for. */
interface Update {
  readonly binary: string;
  readonly commandLine: string | null;
  readonly timeout: number;
  readonly isForced: boolean;
  /** The version of the migration stream, 0 for the newest one. */
  readonly version: number;
}

const missing: Readonly<Record<string, string>> = { "-c": "command line", "-t": "timeout", "-v": "version" };

/** Updates the daemon, and waits until it runs again. Resolves with the exit status. */
export async function liveUpdate(
  session: Session,
  args: readonly string[],
  say: (text: string) => void,
): Promise<number> {
  const update = parse(args);
  if (typeof update === "string") {
    say(update);
    return USAGE;
  }
  const isDomain = await session.read("/tool/xenstored/domid").then(() => true, () => false);
  if (isDomain) {
    say(
      "Starting live update failed:\nThe store is a domain of its own: use Xen's xenstore-control to send its kernel",
    );
    return REFUSED;
  }
  const failure = await send(session, ["-f", update.binary], "Setting update binary failed:");
  if (failure !== null) {
    say(failure);
    return REFUSED;
  }
  const later = await commandLineAndStart(session, update);
  if (later === null) return 0;
  say(later);
  await session.control(["live-update", "-a"]).catch(() => {});
  return REFUSED;
}

/** Parses the arguments. Returns the message if one is missing. */
function parse(args: readonly string[]): Update | string {
  const given = new Map<string, string>();
  let [binary, isForced]: [string | null, boolean] = [null, false];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "-F") isForced = true;
    else if (!(arg in missing)) binary = arg;
    else {
      const value = args[++at];
      if (value === undefined) return `Missing ${missing[arg]} value`;
      given.set(arg, value);
    }
  }
  if (binary === null) return "Missing binary specification";
  const timeout = given.get("-t");
  return {
    binary,
    commandLine: given.get("-c") ?? null,
    timeout: timeout === undefined ? TIMEOUT_S : atoi(timeout) >>> 0,
    isForced,
    version: atoi(given.get("-v") ?? "0") >>> 0,
  };
}

async function commandLineAndStart(session: Session, update: Update): Promise<string | null> {
  const { commandLine, timeout, isForced, version } = update;
  if (commandLine !== null) {
    const failure = await send(session, ["-c", commandLine], "Setting update binary failed:");
    if (failure !== null) return failure;
  }
  const words = ["-s", "-t", `${timeout}`, ...isForced ? ["-F"] : [], ...version > 0 ? ["-v", `${version}`] : []];
  const started = performance.now();
  let failure: string | null = `${STARTING}\n${BUSY}`;
  while (failure === `${STARTING}\n${BUSY}` && performance.now() - started < timeout * 1000) {
    failure = await send(session, words, STARTING);
    if (failure === `${STARTING}\n${BUSY}`) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return failure;
}

const STARTING = "Starting live update failed:";
const BUSY = "BUSY";

/** Sends one step. Returns the message if the daemon does not answer `OK`. */
async function send(session: Session, words: readonly string[], failure: string): Promise<string | null> {
  const answer = await session.control(["live-update", ...words]).catch((error: unknown) => reasonOf(error));
  return answer === "OK" ? null : `${failure}\n${escapeLines(answer)}`;
}
