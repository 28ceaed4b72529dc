// Runs a call for each of many items, with a limit of calls that run concurrently.

/** Calls `run` for each item, at most `limit` calls at a time. Resolves with the results, in the order of the items. */
export async function concurrently<T, R>(
  items: readonly T[],
  limit: number,
  run: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const rest = items.entries();
  const runner = async (): Promise<void> => {
    for (const [i, item] of rest) results[i] = await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, runner));
  return results;
}
