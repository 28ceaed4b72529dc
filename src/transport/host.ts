// What is asked of the machine: the environment, the platform, the kind of a file, and timers that hold no process.

import { builtin } from "./builtin.ts";

/** The machine, by the API of a runtime. */
export interface Host {
  /** The operating system, as Node names it. */
  readonly platform: string;
  /** A variable of the environment. Throws if it may not be read. */
  variable(name: string): string | undefined;
  /** Whether a variable may be read without a question to the user, which Deno asks at a terminal. */
  isGranted(name: string): boolean;
  /** Whether a path names a socket. Throws if the path does not exist or may not be looked at. */
  isSocket(path: string): boolean;
  /** Lets the process exit before a timer fires. */
  releaseTimer(timer: unknown): void;
}

/** The part of Deno's API that is used here, so that type checks on other runtimes do not need Deno's types. */
interface DenoApi {
  readonly build: { readonly os: string };
  readonly env: { readonly get: (name: string) => string | undefined };
  readonly permissions: {
    querySync(descriptor: { readonly name: "env"; readonly variable: string }): { readonly state: string };
  };
  statSync(path: string): { readonly isSocket: boolean | null };
  unrefTimer(timer: unknown): void;
}

/** The part of Node's global `process` that is used here. */
interface Process {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The machine that this process runs on. Deno has Node's API as well, but needs some 35 ms of CPU to load it. */
export function host(): Host {
  const scope = globalThis as unknown as { readonly Deno?: DenoApi; readonly process: Process };
  const deno = scope.Deno;
  if (deno !== undefined) {
    return {
      platform: deno.build.os,
      variable: deno.env.get,
      isGranted: (variable) => deno.permissions.querySync({ name: "env", variable }).state === "granted",
      isSocket: (path) => deno.statSync(path).isSocket === true,
      releaseTimer: (timer) => deno.unrefTimer(timer),
    };
  }
  const { platform, env } = scope.process;
  return {
    platform,
    variable: (name) => env[name],
    isGranted: () => true,
    isSocket: (path) => builtin("node:fs").statSync(path).isSocket(),
    releaseTimer: (timer) => (timer as { unref(): void }).unref(),
  };
}
