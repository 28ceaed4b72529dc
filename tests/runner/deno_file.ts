// Deno runs this file in place of a test file. It imports the test file, and adds a failing test if that file throws.

import { resolve } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const [, , file = ""] = process.argv;
try {
  await import(pathToFileURL(resolve(file)).href);
} catch (error) {
  // Without this test, Deno passes a file that throws after it has registered a test of node:test.
  test(`${file} loads`, () => {
    throw error;
  });
}
