import type { Resource } from '../context.ts';

/**
 * `GET /livez`: the event loop turns; anything more would let a slow source restart a healthy process.
 * `GET /readyz`: requests may be sent here. The reasons are for those who may see the status.
 */
export const probes: Resource = (app, { operations, options, shutdown }) => {
  const config = { access: 'open' } as const;

  app.get('/livez', { config }, () => ({ ok: true }));

  app.get('/readyz', { config }, (_request, reply) => {
    const { ready, reasons } = operations.status();
    const accepting = ready && !shutdown.aborted;
    reply.code(accepting ? 200 : 503);
    const why = shutdown.aborted ? ['shutting down', ...reasons] : reasons;
    return { ready: accepting, ...(options.adminToken === undefined ? { reasons: why } : {}) };
  });

  app.get('/metrics', { config: { access: 'metrics' } }, async (_request, reply) => {
    const { registry } = operations.metrics;
    reply.type(registry.contentType);
    return registry.metrics();
  });
};
