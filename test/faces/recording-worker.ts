import { appendFileSync } from 'node:fs';
import type { Attributes, MeterProvider, Span, TracerProvider } from '@opentelemetry/api';

/**
 * Stands in for an OpenTelemetry SDK, loaded before the server as users load theirs: writes what it is told to a file, a
 * line each. It registers itself as those of today do, with the interface that they bring, which is older than ours.
 */
const file = process.env.RECORD_TO;
const record = (told: object) => file !== undefined && appendFileSync(file, `${JSON.stringify(told)}\n`);

function aSpan(name: string, begun: object): Span {
  const told = { attributes: {}, status: {} };
  const span: Span = {
    spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }),
    setAttribute: (key, value) => span.setAttributes({ [key]: value }),
    setAttributes(more) {
      Object.assign(told.attributes, more);
      return span;
    },
    setStatus(status) {
      told.status = status;
      return span;
    },
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    updateName: () => span,
    isRecording: () => true,
    recordException: () => undefined,
    end: () => record({ span: name, begun, ...told }),
  };
  return span;
}

const trace: TracerProvider = {
  getTracer: (tracer, version) => ({
    startSpan: (name, options = {}) => aSpan(name, { tracer, version, ...options }),
    startActiveSpan: () => {
      throw new Error('not asked for');
    },
  }),
};

const silent = { addCallback: () => undefined, removeCallback: () => undefined };
const metrics: MeterProvider = {
  getMeter: () => {
    const instrument = (name: string) => {
      const tell = (value: number, attributes?: Attributes) => void record({ metric: name, value, attributes });
      return { add: tell, record: tell };
    };
    return {
      createGauge: instrument,
      createHistogram: instrument,
      createCounter: instrument,
      createUpDownCounter: instrument,
      createObservableGauge: () => silent,
      createObservableCounter: () => silent,
      createObservableUpDownCounter: () => silent,
      addBatchObservableCallback: () => undefined,
      removeBatchObservableCallback: () => undefined,
    };
  },
};

Reflect.set(globalThis, Symbol.for('opentelemetry.js.api.1'), { version: '1.9.1', trace, metrics });
