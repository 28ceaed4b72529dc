// A span of OpenTelemetry for every request to a store. Only the API package is needed; the SDK is the program's choice.

import { tracingChannel } from "node:diagnostics_channel";
import { type Span, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import type { RequestMessage } from "tsxs";

/**
 * Makes a span for each request from now on. The parent of a span is the span that is active when the request is made.
 *
 * Subscribe before the first client connects or later: clients publish as long as anything subscribes.
 *
 * @param tracer The tracer, such as `trace.getTracer("my program")`.
 * @returns An object whose disposal ends this.
 */
export function traceRequests(tracer: Tracer): Disposable {
  const spans = new WeakMap<object, Span>();
  const subscribers = {
    start(message: RequestMessage) {
      const attributes = {
        "db.system.name": "xenstore",
        "db.operation.name": message.operation,
        "tsxs.path": message.path ?? "",
        "tsxs.transaction": message.transactionId,
      };
      spans.set(message, tracer.startSpan(`xenstore ${message.operation}`, { kind: SpanKind.CLIENT, attributes }));
    },
    end() {},
    asyncStart() {},
    asyncEnd(message: RequestMessage) {
      spans.get(message)?.end();
    },
    error(message: RequestMessage) {
      const { error } = message;
      const span = spans.get(message);
      if (error instanceof Error) span?.recordException(error);
      span?.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
    },
  };
  const channel = tracingChannel<unknown, RequestMessage>("tsxs:request");
  channel.subscribe(subscribers as Parameters<typeof channel.subscribe>[0]);
  return { [Symbol.dispose]: () => void channel.unsubscribe(subscribers as Parameters<typeof channel.unsubscribe>[0]) };
}
