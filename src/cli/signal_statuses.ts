// The exit statuses after signals.

/** The statuses by which a shell reports the end by a signal. */
export const signalStatuses: ReadonlyMap<string, number> = new Map([
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
]);
