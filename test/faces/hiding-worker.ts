import { registerHooks } from 'node:module';

/** Makes a process as if OpenTelemetry's interface, which is optional, had not been installed. */
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@opentelemetry/')) throw new Error(`${specifier} is not installed`);
    return next(specifier, context);
  },
});
