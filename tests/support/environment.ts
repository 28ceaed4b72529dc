// Environment variables that are set for a test and then restored.

import process from "node:process";

const names = [
  "XENSTORED_PATH",
  "XENSTORED_RUNDIR",
  "TSXS_BACKEND",
  "TSXS_ATTACH_METHOD",
  "TSXS_DEBUG",
  "TSXS_TRACE",
] as const;

/** Runs with these variables. The store's other variables are unset. */
export async function withEnvironment(
  variables: Partial<Record<(typeof names)[number], string>>,
  run: () => unknown,
): Promise<void> {
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) put(name, variables[name]);
  try {
    await run();
  } finally {
    for (const [name, value] of before) put(name, value);
  }
}

function put(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
