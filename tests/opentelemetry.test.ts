// The example of OpenTelemetry makes real spans of requests, with OpenTelemetry's own SDK.

import { describe, test } from "node:test";
import { SpanStatusCode } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { assertEquals, assertRejects } from "@std/assert";
import { traceRequests } from "../examples/opentelemetry.ts";
import { connect } from "../mod.ts";

function exporting() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return { exporter, tracer: provider.getTracer("test") };
}

describe("the example of OpenTelemetry", () => {
  test("ends a span for each request, with its path and its error", async () => {
    const { exporter, tracer } = exporting();
    using _tracing = traceRequests(tracer);
    await using store = await connect("embedded:");
    await store.write("/tool/a", "1");
    await assertRejects(() => store.read("/tool/none"));
    const spans = exporter.getFinishedSpans().map(({ name, attributes, status, events, ended }) => ({
      name,
      path: attributes["tsxs.path"],
      code: status.code,
      exceptions: events.length,
      ended,
    }));
    assertEquals(spans, [
      { name: "xenstore WRITE", path: "/tool/a", code: SpanStatusCode.UNSET, exceptions: 0, ended: true },
      { name: "xenstore READ", path: "/tool/none", code: SpanStatusCode.ERROR, exceptions: 1, ended: true },
    ]);
  });

  test("makes no spans after its disposal", async () => {
    const { exporter, tracer } = exporting();
    traceRequests(tracer)[Symbol.dispose]();
    await using store = await connect("embedded:");
    await store.write("/tool/a", "1");
    assertEquals(exporter.getFinishedSpans(), []);
  });
});
