// The errors of a connection that ends, for each request.

import { ConnectionError, UnexpectedPacketError } from "../transport/errors.ts";
import type { Packet } from "../wire/header.ts";
import { type Operation, operationName } from "../wire/operations.ts";

/** The error of a packet that is no valid reply to a request. */
export function unexpected(packet: Packet, reason: string): UnexpectedPacketError {
  return new UnexpectedPacketError(`${operationName(packet.type)} of request ${packet.requestId}: ${reason}`, packet);
}

/** The error of a request over a connection that has ended. */
export function lost(end: ConnectionError, operation: Operation, path: string | undefined): ConnectionError {
  const context = { operation: operationName(operation), path, cause: end };
  return end instanceof UnexpectedPacketError
    ? new UnexpectedPacketError(end.message, end.packet, context)
    : new ConnectionError(end.message, context);
}
