// The arguments of a process as bytes, and the name by which the command was called.

import { bytesOf, byteString, utf8Of } from "./bytes.ts";
import { Failure } from "./invocation.ts";

/** The name of the command if it was not called by a name of its own, such as `deno run npm:tsxs`. */
const COMMAND = "tsxs";
const REPLACEMENT = "\ufffd";

/**
 * Returns arguments as byte strings.
 *
 * The runtimes decode arguments as UTF-8 and lose other bytes, and Bun resolves the link by which a script was called.
 * `readCommandLine` reads what the kernel keeps, which ends with the same number of arguments.
 */
export function argumentsOf(decoded: readonly string[], readCommandLine: () => Uint8Array): string[] {
  try {
    const whole = byteString(readCommandLine()).split("\0").slice(0, -1);
    const script = whole.length - decoded.length;
    // Bun drops the first argument if it is `--`.
    if (script >= 0) return whole.slice(whole[script] === "--" ? script - 1 : script);
  } catch { /* not on Linux: the arguments that the runtime decoded have to do */ }
  const lossy = decoded.find((arg) => arg.includes(REPLACEMENT));
  if (lossy !== undefined) throw new Error(`cannot read the argument ${JSON.stringify(lossy)}: it is not UTF-8`);
  return decoded.map(utf8Of);
}

/**
 * Returns the name by which the command was called.
 *
 * A script that the shell found in `PATH` is called by its path, so this function removes a directory of `PATH`. A file
 * of JavaScript or TypeScript, and a module of a registry, are called `tsxs`.
 */
export function programOf(script: string, path: string | undefined): string {
  if (/\.[cm]?[jt]s$|^[a-z]+:/.test(script)) return COMMAND;
  const slash = script.lastIndexOf("/");
  const isInPath = (path ?? "").split(":").includes(script.slice(0, slash));
  return isInPath || slash < 0 ? script.slice(slash + 1) : script;
}

/** Returns the name of a file as the runtimes take it. Throws a {@linkcode Failure} if it is not UTF-8. */
export function decodedName(name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(name));
  } catch {
    throw new Failure("the name of the file is not UTF-8");
  }
}
