// Many short connections while another thread opens files: the daemon closes only its own descriptors.

import process from "node:process";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { connectOften } from "../../support/connections.ts";

/** The full number is 100,000: `npm run test:connections`. */
const COUNT = Number(process.env.TSXS_CONNECTIONS ?? 1000);

test(`${COUNT} connections to a daemon do not close files of another thread`, async () => {
  const { connections, errors, files, failures, first } = await connectOften(COUNT);
  assertEquals([connections, errors, failures, first], [COUNT, [], 0, undefined]);
  assert(files > 0, "the thread was at work");
});
