// The commit of a transaction: it replaces the tree, or fails because an answer would be different now.

import type { Connection } from "./domains.ts";
import { fail, type Failure } from "./failure.ts";
import type { Store } from "./store.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Commits a transaction, which is over in any case. If others have changed the tree since it started, its requests are
 * replayed on the current tree: the commit fails with EAGAIN only if one of the answers differs. A transaction without
 * changes never fails so.
 */
export function commit(store: Store, connection: Connection, transaction: Transaction): Failure | null {
  if (transaction.expired) return fail.EAGAIN;
  if (transaction.failed) return fail.ENOMEM;
  if (store.fakesConflict) return fail.EAGAIN;
  if (!transaction.hasChanges) return null;
  const final = store.view.isAt(transaction.base) ? transaction : transaction.replay(store.view);
  if (final === null) return fail.EAGAIN;
  if (final.created && !connection.privileged && exceedsNodes(store, final)) return fail.ENOSPC;
  store.charge(connection.domain);
  const draft = store.draft(final.view);
  draft.afterwards(() => store.events.committed(final));
  return store.tryPublish(draft);
}

/** Whether a guest would own more nodes than its quota allows. */
function exceedsNodes(store: Store, { view }: Transaction): boolean {
  for (const [domid, { nodes }] of view.usage) {
    const domain = store.domains.get(domid);
    if (domain?.privileged || nodes <= 0) continue;
    if ((domain?.quotas ?? store.quotas).exceeds("nodes", store.view.usageOf(domid).nodes + nodes)) return true;
  }
  return false;
}
