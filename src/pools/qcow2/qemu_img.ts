// The program qemu-img. It is given images alone whose headers were checked.

import { execFile } from "node:child_process";
import { ImageError } from "./header.ts";

const MESSAGE_MAX = 200;
const PREFIX = "qemu-img: ";

/** Runs qemu-img. Throws an {@linkcode ImageError} with what it printed if it fails. */
export async function qemuImg(path: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  return await new Promise((resolve, reject) => {
    const options = { env: { ...globalThis.process.env, LC_ALL: "C" }, ...signal === undefined ? {} : { signal } };
    execFile("qemu-img", args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (signal?.aborted) return reject(signal.reason);
      const reason = "code" in error && error.code === "ENOENT" ? "the program qemu-img is missing" : faultOf(stderr);
      reject(new ImageError(path, reason, { cause: error }));
    });
  });
}

/** Returns the last line that tells an error. Hints follow it, without the name of the program. */
function faultOf(text: string): string {
  const lines = text.trimEnd().split("\n");
  const line = lines.findLast((one) => one.startsWith(PREFIX)) ?? lines.at(-1) ?? "";
  return (line.startsWith(PREFIX) ? line.slice(PREFIX.length) : line).replace(/[^ -~]/g, "?").slice(0, MESSAGE_MAX);
}
