// The two ways to trace: a socket until a signal, and a program until it ends.

import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SOCKET_PATH_MAX } from "../../transport/socket_path.ts";
import { codeOf } from "../../wire/system_errors.ts";
import { textOf, utf8Of } from "../bytes.ts";
import type { Context } from "../context.ts";
import { escapeText } from "../escape.ts";
import { Failure, type OutputFile, type Program, reasonOf } from "../invocation.ts";
import type { ByteStream } from "./byte_stream.ts";
import { listenByRules, type Listener } from "./listening.ts";
import { bindStreams } from "./open_stream.ts";
import { programWords } from "./program_words.ts";
import { Proxy } from "./proxy.ts";
import { type Form, Recorder, type Write } from "./recorder.ts";

/** What the options say. Names of files are byte strings. */
export interface TraceOptions {
  readonly socket: string | undefined;
  readonly out: string | undefined;
  readonly form: Form;
}

const STOPPING = ["SIGTERM", "SIGINT", "SIGHUP"];
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
const KILLED_STATUS = 128;
const [NOT_EXECUTABLE, NOT_FOUND] = [126, 127];
/** How long the connections of processes that outlive the program stay open, in milliseconds. */
const GRACE_MS = 1000;
/** The number of turns of the event loop in which the last connections are accepted. */
const TURNS = 5;
/** The store of `embedded:`, which would be a new one for each connection without a name. */
const EMBEDDED = "embedded:tsxs-trace";

/** Traces the connections of a socket until a signal. Resolves with 0 then. */
export async function traceSocket(context: Context, options: TraceOptions): Promise<number> {
  const { invocation } = context;
  const stopped = invocation.signalled(...STOPPING);
  return await tracing(context, options, invocation.writeOutput, async ({ listener, recorder }) => {
    const path = escapeText(utf8Of(listener.path));
    context.say(`listening on ${path}: use XENSTORED_PATH=${path} or --address unix:${path}`);
    const cause = await Promise.race([stopped, recorder.failed]);
    if (typeof cause !== "string") throw cause;
    return 0;
  });
}

/** Traces a program until it ends. Resolves with its exit status. */
export async function traceProgram(
  context: Context,
  words: readonly string[],
  options: TraceOptions,
): Promise<number> {
  const running: { program: Program | null } = { program: null };
  let interrupt: (signal: string) => void = () => {};
  const interrupted = new Promise<string>((resolve) => interrupt = resolve);
  const release = context.invocation.onSignals(STOPPING, (signal) => {
    if (running.program === null) return interrupt(signal);
    // A terminal has sent its signal to the program as well.
    if (signal !== "SIGINT" || !hasTerminal()) running.program.kill(signal);
  });
  try {
    return await tracing(context, options, context.invocation.writeError, async ({ listener, recorder, proxy }) => {
      const early = await Promise.race([interrupted, null]);
      if (early !== null) return KILLED_STATUS + (SIGNAL_NUMBERS[early] ?? 0);
      running.program = await started(context, words, listener.path);
      void recorder.failed.then((error) => context.warn(`${error.message}: ${reasonOf(error)}`));
      const status = await running.program.ended;
      running.program = null;
      await turns();
      await listener.close();
      await Promise.race([within(GRACE_MS, proxy.ended()), interrupted]);
      return status === 0 && recorder.isBroken ? 1 : status;
    });
  } finally {
    release();
  }
}

/** What a traced socket has. */
interface Tracing {
  readonly listener: Listener;
  readonly recorder: Recorder;
  readonly proxy: Proxy;
}

/** Calls a function while the proxy listens. Afterwards, the socket is removed and all connections have ended. */
async function tracing(
  context: Context,
  { socket, out, form }: TraceOptions,
  write: Write,
  body: (tracing: Tracing) => Promise<number>,
): Promise<number> {
  const { invocation, globals } = context;
  const wanted = globals.address === "embedded:" ? EMBEDDED : globals.address;
  const { stream, address } = await context.limit("connect", invocation.openStream(wanted)).catch((error: unknown) => {
    throw error instanceof Failure ? error : new Failure(`xs_open: ${reasonOf(error)}`);
  });
  // The first connection to a store of this process keeps the store.
  if (!address.startsWith("embedded:")) stream.close();
  const place = new Place(socket);
  let file: OutputFile | null = null;
  try {
    file = out === undefined ? null : created(context, out);
    const recorder = new Recorder(file?.write ?? write, form);
    const open = async (): Promise<ByteStream> => (await invocation.openStream(address)).stream;
    const proxy = new Proxy(open, recorder, (error) => context.warn(`xs_open: ${reasonOf(error)}`));
    const listener = await listenByRules(place.path, (path) => bindStreams(path, (client) => proxy.serve(client)))
      .catch((error: unknown) => {
        throw new Failure(error instanceof Error ? error.message : String(error));
      });
    recorder.begin(address);
    try {
      return await body({ listener, recorder, proxy });
    } finally {
      await listener.close();
      await proxy.close();
    }
  } finally {
    stream.close();
    file?.close();
    place.remove();
  }
}

/** The path of the socket: the one that was asked for, or one in a new directory of this user alone. */
class Place {
  readonly path: string;
  readonly #directory: string | null;

  constructor(socket: string | undefined) {
    if (socket !== undefined) {
      this.path = textOf(socket);
      this.#directory = null;
      return;
    }
    const isLong = utf8Of(join(tmpdir(), "tsxs-trace-XXXXXX", "socket")).length > SOCKET_PATH_MAX;
    this.#directory = mkdtempSync(join(isLong ? "/tmp" : tmpdir(), "tsxs-trace-"));
    this.path = join(this.#directory, "socket");
  }

  /** Removes the directory. */
  remove(): void {
    if (this.#directory !== null) rmSync(this.#directory, { recursive: true, force: true });
  }
}

function created({ invocation }: Context, name: string): OutputFile {
  try {
    return invocation.createFile(name);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`cannot write ${escapeText(name)}: ${reasonOf(error)}`);
  }
}

async function started({ invocation }: Context, words: readonly string[], path: string): Promise<Program> {
  try {
    return await invocation.startProgram(programWords(words), { XENSTORED_PATH: path });
  } catch (error) {
    const status = codeOf(error) === "EACCES" ? NOT_EXECUTABLE : NOT_FOUND;
    throw new Failure(`cannot run ${escapeText(words[0] ?? "")}: ${reasonOf(error)}`, status);
  }
}

/** Whether this process has a terminal, whose keys send signals to all processes in the foreground. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}

/** Waits until connections that were made before are accepted. */
async function turns(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Waits for a promise, but no longer than so many milliseconds. */
async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
