// Plays a script of calls on compat/xs.ts, as player.py does on the real binding. Arguments: the same, and a transport.

import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { Error as XsError, xs } from "../../../compat/xs.ts";
import type { Step } from "./script.ts";

const [, , script = "", daemon = "", values = "text", transport] = process.argv;
const handles = new Map<string, Record<string, (...args: unknown[]) => unknown>>();
const saved = new Map<string, unknown>();
const tokens = new Map<string, object>();

function token(name: string): object {
  const found = tokens.get(name) ?? {};
  tokens.set(name, found);
  return found;
}

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== "object" || value === null) return value;
  const [kind = "", content] = Object.entries(value)[0] ?? [];
  const decoders: Record<string, () => unknown> = {
    dict: () => Object.fromEntries(Object.entries(content as object).map(([key, item]) => [key, decode(item)])),
    token: () => token(content as string),
    ref: () => saved.get(content as string) ?? "",
    bytes: () => new Uint8Array(Buffer.from(content as string, "hex")),
    view: () => new DataView(new Uint8Array(Buffer.from(content as string, "hex")).buffer),
    float: () => Number(content),
    int: () => BigInt(content as string),
    tuple: () => Object.freeze((content as unknown[]).map(decode)),
  };
  return decoders[kind]?.();
}

/** A value as Python's json.dumps() writes it. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function dumps(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `[${value.map(dumps).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, item]) => `${quote(key)}: ${dumps(item)}`).join(", ")}}`;
}

function show(value: unknown): string {
  if (value === null) return "None";
  if (value === undefined) return "undefined";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return `int ${value}`;
  if (typeof value === "string") return `str ${quote(value)}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) {
    const items = value.map(show).join(", ");
    return Object.isFrozen(value) ? `(${items})` : `[${items}]`;
  }
  for (const [name, known] of tokens) if (known === value) return `token ${name}`;
  return `{${Object.entries(value as object).map(([key, item]) => `${key}: ${show(item)}`).join(", ")}}`;
}

function attempt(call: () => unknown): string {
  try {
    return show(call());
  } catch (error) {
    if (error instanceof XsError) return `Error ${error.args[0]} ${error.args[1]}, str ${error.message}`;
    if (error instanceof Error) return `${error.name} ${error.message}`;
    throw error;
  }
}

function kill(): null {
  process.kill(Number(daemon), "SIGKILL");
  for (;;) {
    try {
      const hasEnded = /\) Z /.test(readFileSync(`/proc/${daemon}/stat`, "utf8"));
      // Its sockets are closed when its last thread has ended.
      if (hasEnded && readdirSync(`/proc/${daemon}/task`).length === 1) return null;
    } catch {
      return null;
    }
  }
}

function step(handle: string, method: string, args: unknown[], keywords: Record<string, unknown>): unknown {
  if (method === "xs") {
    const options = { ...keywords, values: values as "text", transport: transport as "ffi" | undefined };
    handles.set(handle, (xs as (...args: unknown[]) => unknown)(...args, options) as never);
    return null;
  }
  if (method === "kill") return kill();
  const target = handles.get(handle);
  if (target === undefined) throw new Error(`no handle ${handle}`);
  const call = (name: string, ...args: unknown[]): unknown => target[name]?.(...args);
  if (method === "drain") {
    const seen = [attempt(() => call("get_domain_path", 0))];
    while (seen.at(-1) !== "None" && seen.length < 1000) seen.push(attempt(() => call("check_watch")));
    // Each event counts once, as in player.py.
    return [...new Set(seen)];
  }
  if (method === "select") return call("wait_watch", ...args);
  if (method === "fileno") {
    try {
      const [first, second] = [call("fileno", ...args), call("fileno")];
      return Number(first) >= 0 && first === second;
    } catch (error) {
      // A worker's descriptor does not belong to this thread.
      if (transport === "worker" && error instanceof XsError && error.args[0] === 38) return true;
      throw error;
    }
  }
  return call(method, ...args, ...(Object.keys(keywords).length > 0 ? [keywords] : []));
}

const steps: Step[] = JSON.parse(readFileSync(script, "utf8"));
const lines = steps.map(([handle, method, args, keywords, name], number) => {
  const line = attempt(() => {
    const named = Object.fromEntries(Object.entries(keywords).map(([key, item]) => [key, decode(item)]));
    const value = step(handle, method, decode(args) as unknown[], named);
    if (name !== "") saved.set(name, value);
    return value;
  });
  return `${number} ${handle}.${method}(${dumps(args).slice(0, 60)}) -> ${line}`;
});
console.log(lines.join("\n"));
