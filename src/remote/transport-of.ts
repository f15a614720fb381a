import type { ClientRuntime } from '../client/parts.ts';
import { TidemarkError } from '../tidemark-error.ts';
import type { ConnectOptions } from './connect.ts';
import { HttpTransport } from './http-transport.ts';
import type { FeedTransport } from './transport.ts';

/** Whether TLS is spoken, the server says. */
const NATS = 'nats://';

/**
 * The way that the url names. What NATS needs is loaded when it is asked for.
 *
 * @throws OPTION_INVALID
 */
export async function transportOf(options: ConnectOptions, runtime: ClientRuntime): Promise<FeedTransport> {
  const { url, token, stream = 'tidemark', user, password, credentials } = options;
  const urls = typeof url === 'string' ? url.split(',') : url;
  const [first = '', ...others] = urls;
  if (urls.every((one) => one.startsWith(NATS))) {
    const login = new URL(first);
    const { NatsTransport } = await import('./nats/transport.ts');
    return new NatsTransport(
      {
        servers: urls.map((one) => `nats://${new URL(one).host}`),
        stream,
        user: user ?? textOf(login.username),
        password: password ?? textOf(login.password),
        token,
        credentials,
      },
      runtime,
    );
  }
  if (others.length > 0)
    throw new TidemarkError('OPTION_INVALID', '`url` is one of a daemon, or several of NATS servers');
  return new HttpTransport({ url: first, token });
}

/** Of a part of a url. */
function textOf(part: string): string | undefined {
  return part === '' ? undefined : decodeURIComponent(part);
}
