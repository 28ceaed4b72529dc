// How a transaction ends: its changes become everybody's, or it would have been told something else now.

import type { Connection } from "./domains.ts";
import type { Core } from "./store.ts";
import { fail, type Failure } from "./failure.ts";
import { answer, remembered, rules, sameAnswer } from "../operations/table.ts";
import { Transaction } from "./transaction.ts";

/**
 * Makes a transaction's changes everybody's. Where others changed the tree meanwhile, it is gone through again from the
 * start: it fails with EAGAIN only where one of its answers would be another one now. One that changed nothing never does.
 */
export function commit(core: Core, connection: Connection, transaction: Transaction): Failure | null {
  if (transaction.failed) return fail.ENOMEM;
  if (core.fakesConflict) return fail.EAGAIN;
  if (!transaction.changed) return null;
  const { view } = core;
  const final = transaction.base === view.top ? transaction : replay(core, connection, transaction);
  if (final === null) return fail.EAGAIN;
  if (final.created && !connection.privileged && exceedsNodes(core, final)) return fail.ENOSPC;
  view.top = final.view.top;
  for (const change of final.view.changes) view.changes.push(change);
  for (const [domid, usage] of final.view.usage) view.addUsage(domid, usage);
  core.limiter.charge(connection.domain, core.limiter.open, core.guests);
  core.events.committed(final);
  return null;
}

/** The transaction as it would have been had it started now; null where it would have been told something else. */
function replay(core: Core, connection: Connection, { id, exchanges }: Transaction): Transaction | null {
  const transaction = new Transaction(id, core.view);
  const { view } = transaction;
  for (const { type, request, answer: before } of exchanges) {
    const rule = rules[type];
    if (rule === undefined) return null;
    const now = answer(rule, { core, connection, transaction, view, text: request, payload: null, trailing: null });
    if (!sameAnswer(type, before, remembered(now))) return null;
  }
  return transaction.failed ? null : transaction;
}

/** Whether a domain would own too many nodes. */
function exceedsNodes(core: Core, { view }: Transaction): boolean {
  for (const [domid, { nodes }] of view.usage) {
    const domain = core.domains.get(domid);
    if (domain?.privileged || nodes <= 0) continue;
    if ((domain?.quotas ?? core.quotas).exceeds("nodes", core.view.usageOf(domid).nodes + nodes)) return true;
  }
  return false;
}
