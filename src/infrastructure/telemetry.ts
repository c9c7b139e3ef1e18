import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { CallCounter } from '../application/call-counter.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const EXPORTERS = ['OTEL_TRACES_EXPORTER', 'OTEL_METRICS_EXPORTER'] as const;
const ENDPOINTS = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
] as const;

/** Whether the standard variables ask for traces or metrics. One that is set to nothing is not set. */
export function asksForTelemetry(env: Environment): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  const exporters = EXPORTERS.flatMap((name) => env[name] || []);
  if (exporters.length > 0) return exporters.some((exporter) => exporter !== 'none');
  return ENDPOINTS.some((name) => Boolean(env[name]));
}

/** Calls take from less than a millisecond to the half minute that they have. */
const BOUNDARIES_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

/**
 * Where each interface of version 1 keeps what an SDK has registered. Ours itself takes no SDK that brings an earlier minor
 * version than it has, and the SDKs hold theirs back; what we call is in all that have metrics.
 */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');
type Registered = Readonly<{ trace?: TracerProvider; metrics?: MeterProvider }>;

/** `warning` says why nothing is told. */
export type Telemetry = Readonly<{ watch?: CallCounter['begin']; warning?: string }>;

/**
 * Tells OpenTelemetry of each call, in the words of its conventions for MCP. What becomes of it is up to the SDK that the
 * user has loaded beside us.
 */
export async function telemetry(name: string, version: string): Promise<Telemetry> {
  const api = await import('@opentelemetry/api').catch(() => undefined);
  if (api === undefined) return { warning: 'OpenTelemetry is asked for, and @opentelemetry/api is not installed' };
  const registered: Registered | undefined = Reflect.get(globalThis, REGISTRY);
  if (registered === undefined)
    return { warning: 'OpenTelemetry is asked for, and no SDK of it was loaded before this server: nothing is told' };
  return { watch: telling(api, registered, { name, version }) };
}

type Api = typeof import('@opentelemetry/api');

function telling(api: Api, registered: Registered, { name, version }: Readonly<{ name: string; version: string }>) {
  const { trace = api.trace, metrics = api.metrics } = registered;
  const tracer = trace.getTracer(name, version);
  const meter = metrics.getMeter(name, version);
  const durations = meter.createHistogram('mcp.server.operation.duration', {
    description: 'How long calls of tools took',
    unit: 's',
    advice: { explicitBucketBoundaries: BOUNDARIES_S },
  });
  const refusals = meter.createCounter('orchestrator.refusals', {
    description: 'Calls of tools that were refused, by the code of the refusal',
    unit: '{refusal}',
  });

  return (tool: string) => {
    const about = {
      'mcp.method.name': 'tools/call',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': tool,
    };
    const began = performance.now();
    const span = tracer.startSpan(`tools/call ${tool}`, { kind: api.SpanKind.SERVER, attributes: about });
    return (outcome: string) => {
      const isRefused = outcome !== 'answered';
      const failure = isRefused ? { 'error.type': 'tool_error', 'orchestrator.refusal.code': outcome } : {};
      if (isRefused) {
        span.setAttributes(failure).setStatus({ code: api.SpanStatusCode.ERROR, message: outcome });
        refusals.add(1, { 'gen_ai.tool.name': tool, 'orchestrator.refusal.code': outcome });
      }
      span.end();
      durations.record((performance.now() - began) / 1000, { ...about, ...failure });
    };
  };
}
