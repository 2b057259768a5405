import type { Tracer } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { traceSampler } from './trace-sampler.ts'

export interface RunningTracing {
  readonly tracer: Tracer
  /** Sends what has not been sent yet, and stops. */
  stop(): Promise<void>
}

/** No stop waits longer than this for a collector that does not answer. */
const STOP_TIMEOUT_MS = 5000
const DEFAULT_SCHEDULE_DELAY_MS = 5000

/**
 * Sends spans to an OpenTelemetry collector over gRPC (OTLP). An address without a scheme is reached
 * without TLS, as MLServer does it. The exporter reads its `OTEL_EXPORTER_OTLP_*` variables (headers, certificates, timeouts) itself.
 */
export function startTracing(options: {
  /** `host:port`, `http://…` or `https://…`. */
  readonly collector: string
  readonly serviceName: string
  readonly serviceVersion: string
  readonly variables: Readonly<Record<string, string | undefined>>
}): RunningTracing {
  const url = /^[a-z]+:\/\//i.test(options.collector) ? options.collector : `http://${options.collector}`
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': options.serviceName,
      'service.version': options.serviceVersion,
    }),
    sampler: traceSampler(options.variables),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url }),
        scheduledDelayMillis: scheduleDelayMs(options.variables),
      }),
    ],
  })
  return {
    tracer: provider.getTracer('millrace'),
    async stop() {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, STOP_TIMEOUT_MS)
      // Spans that cannot be sent are no reason for a server not to stop.
      await Promise.race([provider.shutdown().catch(() => undefined), late])
      clearTimeout(timer)
    },
  }
}

/** `OTEL_BSP_SCHEDULE_DELAY`: how long spans are gathered before they are sent. */
function scheduleDelayMs(variables: Readonly<Record<string, string | undefined>>): number {
  const delayMs = Number(variables['OTEL_BSP_SCHEDULE_DELAY'] || DEFAULT_SCHEDULE_DELAY_MS)
  return Number.isFinite(delayMs) && delayMs > 0 ? delayMs : DEFAULT_SCHEDULE_DELAY_MS
}
