// Tells whether an object can be sent to another thread.

import { MessageChannel } from "node:worker_threads";
import { assertEquals, assertThrows } from "@std/assert";

/** Fails unless each way to clone the object fails with a `DataCloneError`. */
export function assertUncloneable(object: object): void {
  const { port1, port2 } = new MessageChannel();
  try {
    for (const clone of [() => structuredClone(object), () => port1.postMessage({ nested: [object] })]) {
      assertEquals((assertThrows(clone) as Error).name, "DataCloneError", object.constructor.name);
    }
  } finally {
    port1.close();
    port2.close();
  }
}
