import type { Resource } from '../context.ts';
import { queryOf } from '../query.ts';

/** `GET /v1/status`, `/v1/explain?key=`, `/v1/contracts`, `/v1/graph`: what the service knows, as it is now. */
export const status: Resource = (app, { operations }) => {
  const config = { access: 'admin' } as const;

  app.get('/v1/status', { config }, (request) => {
    queryOf(request, []);
    return operations.status();
  });

  app.get('/v1/contracts', { config }, (request) => {
    queryOf(request, []);
    return { contracts: operations.contracts() };
  });

  app.get('/v1/graph', { config }, (request) => {
    queryOf(request, []);
    const edges = operations
      .contracts()
      .flatMap(({ name: contract, triggers, actions }) =>
        triggers.flatMap((trigger) =>
          actions.map(({ kind: action, template: target }) => ({ trigger, contract, action, target })),
        ),
      );
    return { edges };
  });
};
