import { setMaxListeners } from 'node:events';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { TidemarkError } from '../errors.ts';
import type { Operations } from '../operations.ts';
import { accessCheck } from './access/access.ts';
import { isLoopback } from './access/loopback.ts';
import { answerClientError } from './client-error.ts';
import { Connections } from './connections.ts';
import type { Context } from './context.ts';
import { faultOf } from './fault.ts';
import { listenAt } from './listen.ts';
import { HTTP_LIMITS, type HttpLimits, type HttpOptions } from './options.ts';
import { toJson } from './printable.ts';
import { Refusal } from './refusal.ts';
import { dashboard } from './routes/dashboard.ts';
import { RESOURCES } from './routes/resources.ts';
import { StreamSlots } from './stream/slots.ts';
import { answerUnknown, pathOf } from './unknown.ts';

export interface HttpServer {
  listen(): Promise<{ readonly url: string }>;
  /** Stops accepting, lets requests in flight finish within their bound, ends streams. Resolves when nothing is left. */
  close(): Promise<void>;
}

/** The daemon's HTTP API over the service's operations. */
export async function createServer(operations: Operations, options: HttpOptions): Promise<HttpServer> {
  if (options.adminToken === undefined && !isLoopback(options.host)) {
    throw new TidemarkError('LISTEN_UNPROTECTED', options.host);
  }
  const limits: HttpLimits = { ...HTTP_LIMITS, ...options.limits };
  const closing = new AbortController();
  // Every long answer listens to it, and a hundred at once are no leak.
  setMaxListeners(0, closing.signal);
  const context: Context = {
    operations,
    options,
    limits,
    shutdown: closing.signal,
    slots: new StreamSlots(limits.streamsMax),
  };
  const app = bareApp(options, limits);
  const connections = new Connections(app.server, limits.connectionsMax);
  addChecks(app, context);
  answerUnknown(app);
  for (const resource of RESOURCES) resource(app, context);
  await dashboard(app, options.dashboardDir);
  await app.ready();

  return {
    listen: () => listenAt(app, options),
    close: async () => {
      closing.abort();
      const cut = options.runtime.clock.after(limits.drainTimeoutMs, () => {
        app.server.closeAllConnections();
      });
      const closed = app.close();
      connections.closeIdle();
      await closed;
      cut();
    },
  };
}

function bareApp({ runtime }: HttpOptions, limits: HttpLimits): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: limits.timeoutCheckMs },
    forceCloseConnections: 'idle',
    // The check of every request says it in our words.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : runtime.random.id();
    },
    // Keys are up to 2,048 characters, and each may be up to nine once it is percent-encoded.
    routerOptions: { maxParamLength: 2_048 * 9 },
    frameworkErrors: (error, request, reply) => {
      dress(request, reply);
      answerError(runtime, error, request, reply);
    },
  });
  // Signatures are over the bytes as they came; whoever wants JSON asks for it.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.setReplySerializer(toJson);
  app.setErrorHandler((error, request, reply) => {
    answerError(runtime, error, request, reply);
  });
  return app;
}

function addChecks(app: FastifyInstance, { options, shutdown }: Context): void {
  const check = accessCheck(options);
  app.addHook('onRequest', (request, reply, done) => {
    dress(request, reply);
    check(request);
    if (shutdown.aborted) {
      reply.header('connection', 'close');
      if (request.routeOptions.config.access !== 'open') throw new Refusal('CLOSING', 'the daemon is shutting down');
    }
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    // A connection that stayed open would hold up the end until it times out.
    if (shutdown.aborted) reply.header('connection', 'close');
    done();
  });
}

/** On every answer, so that none of them, opened in a browser, is anything but text. */
const ANSWER_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

function dress(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(ANSWER_HEADERS).header('x-request-id', request.id);
}

function answerError(
  runtime: HttpOptions['runtime'],
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { status, headers, body, unexpected } = faultOf(error);
  if (unexpected) {
    const { id: requestId, method } = request;
    runtime.log.error({ err: error, requestId, method, path: pathOf(request) }, 'a request failed');
  }
  // Again: a page's directory may have said what holds for its files.
  reply.code(status).headers(ANSWER_HEADERS).headers(headers).type('application/json; charset=utf-8');
  void reply.send(toJson(body));
}
