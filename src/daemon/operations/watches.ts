// The operations on watches.

import { Feature } from "../../wire/operations.ts";
import { atoi, strings } from "./arguments.ts";
import { type Call, OK } from "./call.ts";
import { canonical } from "./resolve.ts";
import { fail, Failure } from "../state/failure.ts";
import type { Watch } from "../state/domains.ts";

const key = (path: string, token: string): string => `${path}\0${token}`;

/** WATCH: sets a watch. Its first event follows the reply. */
export function watch(call: Call): string | Failure {
  const { connection, store: { events } } = call;
  const { domain, watches } = connection;
  const [name = "", token, depthText, ...more] = strings(call.text);
  if (token === undefined || more.length > 0) return fail.EINVAL;
  if (depthText !== undefined && (domain.features & Feature.WATCH_DEPTH) === 0) return fail.EINVAL;
  const depth = depthText === undefined ? -1 : atoi(depthText);
  if (depthText !== undefined && depth < 0) return fail.EINVAL;
  const path = canonical(connection, name, true);
  if (path instanceof Failure) return path;
  if (watches.has(key(path, token))) return fail.EEXIST;
  const bytes = path.length + token.length;
  if (!domain.privileged) {
    if (domain.quotas.exceeds("watches", domain.watches + 1)) return fail.ENOSPC;
    if (domain.quotas.exceeds("memory", domain.bytes + bytes)) return fail.ENOMEM;
  }
  const relative = !name.startsWith("/") && !name.startsWith("@");
  const prefix = relative ? connection.home.length + 1 : 0;
  const added: Watch = { connection, path, token, depth, prefix, order: events.nextOrder() };
  watches.set(key(path, token), added);
  events.trie.add(added);
  domain.watches++;
  domain.bytes += bytes;
  call.trailing = () => events.send(added, path);
  return OK;
}

/** UNWATCH: removes a watch. Its events that wait already stay. */
export function unwatch(call: Call): string | Failure {
  const { connection, store } = call;
  const [name = "", token, ...more] = strings(call.text);
  if (token === undefined || more.length > 0) return fail.EINVAL;
  const path = canonical(connection, name, true);
  if (path instanceof Failure) return path;
  const found = connection.watches.get(key(path, token));
  if (found === undefined) return fail.ENOENT;
  store.forgetWatch(found);
  return OK;
}

/** RESET_WATCHES: drops the connection's watches, and its transactions (XSA-330). */
export function resetWatches({ connection, store }: Call): string {
  store.reset(connection);
  return OK;
}
