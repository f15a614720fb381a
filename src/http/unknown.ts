import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from './refusal.ts';

interface Route {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/** Remembers the API's routes, so that a wrong method is told apart from a wrong path. Call it before adding routes. */
export function answerUnknown(app: FastifyInstance): void {
  const routes = new Map<string, Route>();
  app.addHook('onRoute', ({ url, method }) => {
    // The page's files are whatever is in their directory; that they are read with GET says nothing of a path.
    if (url.includes('*')) return;
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const name of [method].flat()) route.methods.add(name);
    routes.set(url, route);
  });
  app.setNotFoundHandler((request) => {
    const path = pathOf(request);
    const methods = [...routes.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap((route) => [...route.methods]);
    if (methods.length === 0) throw new Refusal('ROUTE_UNKNOWN', `there is no ${path}`);
    const allow = [...new Set(methods)].sort().join(', ');
    throw new Refusal('METHOD_UNKNOWN', `${path} does not take ${request.method}`, { allow });
  });
}

/** Without the query, which may carry a token. */
export function pathOf(request: FastifyRequest): string {
  return (request.raw.url ?? '/').split('?', 1)[0] ?? '/';
}

function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replace(/:[a-z]+/gi, '[^/]+')}$`);
}
