// Starts Debian's real store daemons without Xen, and a stand-in for the XenBus device.

import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { accessSync, constants, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Helper, makeDirectory, startHelper } from "./process.ts";

const CACHE = join(dirname(fileURLToPath(import.meta.url)), ".cache");
const STUB = join(CACHE, "hypervisor-stub.so");
const XENBUS = join(CACHE, "xenbus-fuse");
const XENSTORED = "/usr/lib/xen-4.17/bin/xenstored";
const OXENSTORED = "/usr/lib/xen-4.17/bin/oxenstored";
const OXENSTORED_CONF = "/etc/xen/oxenstored.conf";
const TOOLS = ["/usr/bin/setpriv", "/usr/bin/taskset", "/usr/bin/unshare", "/usr/bin/mount"];

/** READ of "/" with request id 1: any reply shows that the daemon's main loop runs. */
const PROBE = Buffer.from("01000000" + "01000000" + "00000000" + "02000000" + "2f00", "hex");

/** A real daemon. It has one socket for domain 0, and one for every introduced domain. */
export interface RealStore extends AsyncDisposable {
  readonly name: "xenstored" | "oxenstored";
  /** The path of domain 0's socket. */
  readonly socket: string;
  readonly pid: number;
  /** The path of a domain's socket. It exists from the reply to INTRODUCE until the daemon releases the domain. */
  domainSocket(domid: number): string;
  /** Simulates a shutdown of the domain. Resolves after the daemon has noticed. */
  shutdownDomain(domid: number): Promise<void>;
  /** Simulates the end of the domain. Resolves after the daemon has noticed. */
  destroyDomain(domid: number): Promise<void>;
  /** Undoes shutdownDomain() and destroyDomain(), so that the domid can be introduced as a new domain. */
  createDomain(domid: number): void;
  /** Ends the daemon, by default with SIGKILL, and waits for its end. The directory stays until stop(). */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends the daemon and removes its directory. May be called again. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** The only CPU that the daemon may use. */
  readonly cpu?: number;
}

/** A file that behaves like /dev/xen/xenbus. */
export interface XenbusStandIn extends AsyncDisposable {
  readonly path: string;
  /** Ends the stand-in. Pending reads fail with ECONNABORTED. May be called again. */
  stop(): Promise<void>;
}

/** Says what is missing, or returns null if everything is installed. */
export function missingPeers(): string | null {
  if (process.platform !== "linux") return "cannot run the real daemons: this is not Linux";
  if (process.getuid?.() !== 0) return "cannot run the real daemons: not root";
  const missing = [XENSTORED, OXENSTORED, OXENSTORED_CONF, STUB, XENBUS, "/dev/fuse", ...TOOLS].filter((path) =>
    !exists(path)
  );
  if (missing.length === 0) return null;
  return `cannot run the real daemons: no ${missing.join(", ")} (tests/peers/install.sh makes them)`;
}

/** Starts the C daemon. */
export function startXenstored(options: StartOptions = {}): Promise<RealStore> {
  const directory = makeDirectory();
  const helper = startHelper({
    name: "xenstored",
    directory,
    command: ["env", `LD_PRELOAD=${STUB}`, XENSTORED, "-N", "--internal-db=on", "-F", join(directory, "pid")],
    env: { XENSTORED_RUNDIR: directory, STUB_DIR: directory },
    deathSignal: "KILL",
    cpu: options.cpu,
  });
  return whenReady("xenstored", directory, helper);
}

/** Starts the OCaml daemon, with the quotas of Debian's configuration. */
export function startOxenstored(options: StartOptions = {}): Promise<RealStore> {
  const directory = makeDirectory();
  const file = (name: string): string => join(directory, name);
  writeFileSync(file("kva"), new Uint8Array(4096));
  writeFileSync(file("port"), "2");
  // A later line takes precedence.
  writeFileSync(
    file("conf"),
    readFileSync(OXENSTORED_CONF, "utf8") + [
      "",
      `pid-file = ${file("pid")}`,
      `xenstored-log-file = ${file("log")}`,
      `xenstored-kva = ${file("kva")}`,
      `xenstored-port = ${file("port")}`,
      "",
    ].join("\n"),
  );
  // The path of its socket is compiled in. So it gets its own /run, which contains the directory under that path.
  const script = `mount -t tmpfs tmpfs /run && mkdir /run/xenstored && mount --bind "$STUB_DIR" /run/xenstored &&
    exec env LD_PRELOAD="$STUB" ${OXENSTORED} --no-fork --no-access-log --config-file "$STUB_DIR/conf"`;
  const helper = startHelper({
    name: "oxenstored",
    directory,
    command: ["unshare", "--mount", "sh", "-c", script],
    env: { STUB_DIR: directory, STUB },
    deathSignal: "KILL",
    cpu: options.cpu,
  });
  return whenReady("oxenstored", directory, helper);
}

/** Mounts a stand-in for the XenBus device. Every open() of it is a separate connection to `socket`. */
export async function startXenbus(socket: string): Promise<XenbusStandIn> {
  const directory = makeDirectory();
  const path = join(directory, "xenbus");
  writeFileSync(path, "");
  const own = statSync(directory).dev;
  const helper = startHelper({
    name: "the XenBus stand-in",
    directory,
    command: [XENBUS, path],
    env: { XENSTORED_PATH: socket },
    deathSignal: "TERM",
    cleanUp: () => unmount(path, own),
  });
  await helper.ready(() => statSync(path).dev !== own);
  const stop = (): Promise<void> => helper.stop("SIGTERM");
  return { path, stop, [Symbol.asyncDispose]: stop };
}

async function whenReady(name: RealStore["name"], directory: string, helper: Helper): Promise<RealStore> {
  const file = (suffix: string): string => join(directory, suffix);
  const socket = file("socket");
  await helper.ready(() => answers(socket));
  // The stub sends a byte after the daemon has checked its domains. This side closes the connection,
  // because Bun reports a connection that is closed too early as failed.
  const look = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const connection = connect(file("virq"));
      connection.once("data", () => {
        resolve();
        connection.destroy();
      });
      connection.once("error", reject);
      connection.once("close", () => reject(new Error(`cannot raise the VIRQ: ${name} has ended`)));
    });
  const mark = (domid: number, state: "gone" | "shutdown"): Promise<void> => {
    writeFileSync(file(`domain-${domid}.${state}`), "");
    return look();
  };
  const stop = (): Promise<void> => helper.stop("SIGKILL");
  return {
    name,
    socket,
    pid: helper.pid,
    domainSocket: (domid) => file(`domain-${domid}`),
    shutdownDomain: (domid) => mark(domid, "shutdown"),
    destroyDomain: (domid) => mark(domid, "gone"),
    createDomain: (domid) => {
      for (const state of ["gone", "shutdown"]) rmSync(file(`domain-${domid}.${state}`), { force: true });
    },
    kill: (signal = "SIGKILL") => helper.kill(signal),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function answers(socket: string): Promise<boolean> {
  if (!exists(socket)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const connection = connect(socket, () => connection.write(PROBE));
    const settle = (answer: boolean): void => {
      connection.destroy();
      resolve(answer);
    };
    connection.once("data", () => settle(true)).once("error", () => settle(false)).once("close", () => settle(false));
  });
}

/** Unmounts the file if the stand-in was killed and left its mount. */
function unmount(path: string, own: number): void {
  try {
    if (statSync(path).dev === own) return;
  } catch { /* a dead mount cannot be looked at */ }
  try {
    execFileSync("umount", ["--lazy", path], { stdio: "ignore" });
  } catch { /* it was unmounted in between */ }
}

function exists(path: string): boolean {
  try {
    accessSync(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}
