// A transport whose replies have a time limit, as `--timeout` says.

import type { Receiver, Transport } from "../transport/transport.ts";
import { Decoder } from "../wire/decoder.ts";
import { decodeHeader, HEADER_SIZE } from "../wire/header.ts";
import { Operation, operationName } from "../wire/operations.ts";

/** Limits the time of an operation. */
type Limit = <T>(operation: string, result: Promise<T>) => Promise<T>;

/** Returns the transport, with a limit for the time from each request to its reply. */
export function patientTransport(transport: Transport, limit: Limit): Transport {
  const waiting = new Map<number, () => void>();
  const decoder = new Decoder(({ type, requestId }) => {
    if (type !== Operation.WATCH_EVENT) replied(requestId);
  });
  const replied = (requestId: number): void => {
    waiting.get(requestId)?.();
    waiting.delete(requestId);
  };
  const end = (): void => {
    for (const requestId of [...waiting.keys()]) replied(requestId);
  };
  const decode = (bytes: Uint8Array): void => {
    try {
      decoder.push(bytes);
    } catch {
      // The client ends such a connection with an error.
      end();
    }
  };
  return {
    traits: transport.traits,
    start: (receiver: Receiver) =>
      transport.start({
        receive: (bytes) => {
          decode(bytes);
          receiver.receive(bytes);
        },
        ended: (cause) => {
          end();
          receiver.ended(cause);
        },
      }),
    send: (bytes) => {
      for (let at = 0; at < bytes.length;) {
        const { type, requestId, length } = decodeHeader(bytes, at);
        void limit(operationName(type), new Promise<void>((resolve) => waiting.set(requestId, resolve)));
        at += HEADER_SIZE + length;
      }
      transport.send(bytes);
    },
    close: async () => {
      end();
      await transport.close();
    },
  };
}
