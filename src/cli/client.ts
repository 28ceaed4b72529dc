// The client of the library for the subcommands that need one, and what it reports to standard error.

import type { Client } from "../client/client.ts";
import type { StoreAddress } from "../client/store_address.ts";
import type { Context } from "./context.ts";
import type { Globals } from "./globals.ts";
import { Failure, reasonOf } from "./invocation.ts";

/** Connects a client. Throws a {@linkcode Failure} with the text of the tools if no store can be reached. */
export async function openClient({ invocation, globals, limit }: Context): Promise<Client> {
  const { transport } = await limit("connect", invocation.open(globals.address)).catch((error: unknown) => {
    throw error instanceof Failure ? error : new Failure(`xs_open: ${reasonOf(error)}`);
  });
  if (globals.timeout === null) return await clientOf(transport, globals);
  const { patientTransport } = await import("./patient_transport.ts");
  return await clientOf(patientTransport(transport, limit), globals);
}

/** Connects a client that reports what `--verbose` and `--trace` ask for. */
export async function clientOf(address: StoreAddress, { verbose, trace }: Globals): Promise<Client> {
  const { connect } = await import("../client/client.ts");
  const client = await connect(address);
  if (verbose) client.setVerbose(true);
  if (trace) client.setTrace(true);
  return client;
}
