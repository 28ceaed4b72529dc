// `serve`: a daemon on a socket, until a signal ends it.

import { writeFileSync } from "node:fs";
import process from "node:process";
import type { Context } from "./context.ts";
import { textOf } from "./bytes.ts";
import { Failure, reasonOf } from "./invocation.ts";
import { ownArgumentsOf, type Syntax } from "./own_arguments.ts";
import { removeOwn, ServiceLog } from "./service_files.ts";

type Module = typeof import("../daemon/mod.ts");
type Daemon = InstanceType<Module["Daemon"]>;

const syntax: Syntax = {
  options: [
    { letter: "socket", long: "socket", hasArgument: true },
    { letter: "data", long: "data", hasArgument: true },
    { letter: "log", long: "log", hasArgument: true },
    { letter: "pid-file", long: "pid-file", hasArgument: true },
  ],
  usage: "[-h] --socket SOCKET [--data DIRECTORY] [--log FILE] [--pid-file FILE]",
  operands: [0, 0],
  status: 1,
};
const STOPPING = ["SIGTERM", "SIGINT"];

/** Serves until a signal. Resolves with 0 then, and with 1 if the data can no longer be persisted. */
export async function serve(context: Context): Promise<number> {
  const { options } = ownArgumentsOf(context, syntax);
  const [socket, data, logFile, pidFile] = ["socket", "data", "log", "pid-file"].map((name) => {
    const value = options.get(name);
    return value === undefined ? undefined : textOf(value);
  });
  if (socket === undefined) throw new Failure(`Usage: ${context.usageName} ${syntax.usage}`);
  const stopped = context.invocation.signalled(...STOPPING);
  const log = new ServiceLog(logFile, context.say);
  let onFailed: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => onFailed = resolve);
  const daemon = await opened(data, log, onFailed);
  try {
    const listener = await daemon.listen(socket).catch((error: unknown) => {
      throw new Failure(error instanceof Error ? error.message : String(error));
    });
    if (pidFile !== undefined) writePid(pidFile);
    try {
      log.add(`listening on ${listener.path}`);
      await notifyReady(context);
      const cause = await Promise.race([stopped, failed]);
      log.add(typeof cause === "string" ? `stopping on ${cause}` : `stopping: ${cause.message}`);
      if (typeof cause === "string") return 0;
      throw new Failure(cause.message);
    } finally {
      await listener.close();
      if (pidFile !== undefined) removeOwn(pidFile, pidLine());
    }
  } finally {
    await daemon.close();
  }
}

/** Opens the daemon, with its data if it has a directory. */
async function opened(
  directory: string | undefined,
  log: ServiceLog,
  onFailed: (error: Error) => void,
): Promise<Daemon> {
  const { Daemon } = await import("../daemon/mod.ts");
  const options = { log: (line: string) => log.add(line) };
  if (directory === undefined) return new Daemon(options);
  try {
    const onProblem = (error: Error): void => log.add(error.message);
    return await Daemon.open(directory, { ...options, onProblem, onFailed });
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error));
  }
}

function pidLine(): string {
  return `${process.pid}\n`;
}

function writePid(path: string): void {
  try {
    writeFileSync(path, pidLine());
  } catch (error) {
    throw new Failure(`cannot write the pid file ${path}: ${reasonOf(error)}`);
  }
}

/**
 * Tells the service manager that the socket is ready, if the manager asked for that.
 *
 * The message is a datagram to a Unix socket. Node and Bun cannot send one, so a program of systemd does.
 */
async function notifyReady({ invocation, warn }: Context): Promise<void> {
  if (!invocation.variable("NOTIFY_SOCKET")) return;
  const status = await invocation.runProgram(["systemd-notify", "--ready"], {}).catch(reasonOf);
  if (status === 0) return;
  warn(
    `cannot tell NOTIFY_SOCKET that the socket is ready: systemd-notify: ${
      typeof status === "number" ? `status ${status}` : status
    }`,
  );
}
