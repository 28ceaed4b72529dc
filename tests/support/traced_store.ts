// A store of the contract suite, reached through the proxy of `trace`.

import { mkdtempSync, rmSync } from "node:fs";
import { type ClientOptions, connect } from "../../mod.ts";
import type { Running } from "../contract/store.ts";
import { Traced } from "./traced.ts";

/** Opens the proxy before the store at a socket. `close` closes the store. */
export async function openTraced(socket: string, close: () => Promise<void>): Promise<Running> {
  const directory = mkdtempSync("/tmp/tsxs-");
  const traced = await Traced.start(`unix:${socket}`, directory);
  return {
    connect: (options?: ClientOptions) => connect(`unix:${traced.path}`, options),
    connectOther: () => connect(`unix:${traced.path}`),
    [Symbol.asyncDispose]: async () => {
      await traced.stop();
      await close();
      rmSync(directory, { recursive: true });
    },
  };
}
