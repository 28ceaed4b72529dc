// A program that speaks SFTP on its standard input and output: OpenSSH's ssh, or a server of this host.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import process from "node:process";
import { setImmediate } from "node:timers";
import type { Location } from "../location.ts";

/** The longest time to connect, in seconds. */
const CONNECT_S = 20;
/** After so many seconds of silence, ssh asks whether the host is alive. */
const ALIVE_S = 15;
const ALIVE_COUNT = 3;
const MESSAGES_MAX = 8192;
/** Messages of fewer bytes are sent together. */
const TOGETHER_MAX = 16384;
/** How long a program may take to end after its output has ended. */
const ENDING_MS = 2000;

/** A stream of bytes in both directions. */
export interface Duplex {
  /** The bytes that arrive. Ends when the other end does. */
  readonly received: AsyncIterable<Uint8Array>;
  /** Sends bytes. Resolves when more may be sent. */
  send(bytes: Uint8Array): Promise<void>;
  /** Resolves with what was printed to standard error, once the program has ended after its output did. */
  lastMessages(): Promise<string>;
  /** Ends the stream. Resolves when the program has ended. */
  close(): Promise<void>;
}

/** Returns the words that connect to another host. No word is seen by a shell. */
export function sshWords(
  { user, host, port }: Extract<Location, { type: "ssh" }>,
  configFile?: string,
  program = "ssh",
): readonly string[] {
  const options = {
    BatchMode: "yes",
    ClearAllForwardings: "yes",
    ConnectTimeout: CONNECT_S,
    ForwardAgent: "no",
    PermitLocalCommand: "no",
    ServerAliveCountMax: ALIVE_COUNT,
    ServerAliveInterval: ALIVE_S,
    StrictHostKeyChecking: "yes",
  };
  return [
    program,
    ...configFile === undefined ? [] : ["-F", configFile],
    ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ...user === null ? [] : ["-l", user],
    ...port === null ? [] : ["-p", `${port}`],
    ...["-s", "--", host, "sftp"],
  ];
}

/** Starts a program. Rejects with the system's error if it does not start. */
export async function startProgram([program = "", ...args]: readonly string[]): Promise<Duplex> {
  // The messages of ssh are in English in this locale alone.
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return duplexOf(child);
}

/** Kills a program. The method of a child sends no second signal in Deno. */
function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  } catch { /* It has ended. */ }
}

function duplexOf(child: ChildProcessWithoutNullStreams): Duplex {
  let messages = "";
  child.stderr.on("data", (bytes: Uint8Array) => {
    messages = (messages + new TextDecoder("latin1").decode(bytes)).slice(-MESSAGES_MAX);
  });
  // A write to a program that has ended fails. What was received tells of that end.
  let isBroken = false;
  child.stdin.on("error", () => isBroken = true);
  // A program that ssh leaves running, such as the master of shared connections, may keep the pipes open.
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const killed = async (): Promise<void> => {
    const timer = setTimeout(() => kill(child.pid), ENDING_MS);
    await exited;
    clearTimeout(timer);
  };
  // All writes to a full pipe wait for the same event.
  let drained: Promise<void> | null = null;
  let isOver = false;
  const end = (): void => {
    isOver = true;
    child.stdout.destroy();
    child.stderr.destroy();
  };
  void exited.then(() => setTimeout(end, ENDING_MS).unref());
  async function* received(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* child.stdout;
    } catch (error) {
      if (!isOver) throw error;
    }
  }
  // The small messages of one turn are sent by one call of the system, and arrive at the other end together.
  let queued: Uint8Array[] = [];
  const flush = (): void => {
    const [bytes = new Uint8Array(), ...others] = queued;
    queued = [];
    if (isBroken || !child.stdin.writable) return;
    child.stdin.write(others.length === 0 ? bytes : Buffer.concat([bytes, ...others]));
  };
  return {
    received: received(),
    send: async (bytes) => {
      if (bytes.length < TOGETHER_MAX) {
        if (queued.push(bytes) === 1) setImmediate(flush);
      } else {
        if (queued.length > 0) flush();
        if (!isBroken) child.stdin.write(bytes);
      }
      if (isBroken || !child.stdin.writableNeedDrain) return;
      drained ??= new Promise<void>((resolve) => {
        const done = (): void => {
          child.stdin.off("drain", done).off("close", done);
          drained = null;
          resolve();
        };
        child.stdin.on("drain", done).on("close", done);
      });
      await drained;
    },
    lastMessages: async () => {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([ended, new Promise<void>((resolve) => timer = setTimeout(resolve, ENDING_MS))]);
      clearTimeout(timer);
      child.kill("SIGTERM");
      await killed();
      return messages;
    },
    close: async () => {
      child.stdin.end();
      end();
      child.kill("SIGTERM");
      await killed();
      child.stdin.destroy();
    },
  };
}
