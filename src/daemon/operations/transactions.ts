// The operations that start and end transactions.

import { onlyString } from "./arguments.ts";
import { type Call, OK } from "./call.ts";
import { commit } from "../state/commit.ts";
import { fail, type Failure } from "../state/failure.ts";
import { Transaction } from "../state/transaction.ts";

/** TRANSACTION_START: gives the new transaction's id. */
export function startTransaction({ connection, store, transaction }: Call): string | Failure {
  if (transaction !== null) return fail.EBUSY;
  const { domain, transactions } = connection;
  if (!domain.privileged && domain.quotas.exceeds("transactions", domain.transactions + 1)) return fail.ENOSPC;
  let id = connection.nextTransactionId;
  while (id === 0 || transactions.has(id)) id = (id + 1) >>> 0;
  connection.nextTransactionId = (id + 1) >>> 0;
  store.addTransaction(connection, new Transaction(id, store.view, domain));
  return `${id}\0`;
}

/** TRANSACTION_END: commits a transaction or drops it. Its id is gone in either case, and so if it fails. */
export function endTransaction(call: Call): string | Failure {
  const { connection, store, transaction } = call;
  const answer = onlyString(call.text);
  if (answer !== "T" && answer !== "F") return fail.EINVAL;
  if (transaction === null) return fail.ENOENT;
  store.dropTransaction(connection, transaction);
  return answer === "F" ? OK : commit(store, connection, transaction) ?? OK;
}
