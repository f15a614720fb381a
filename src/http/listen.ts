import type { FastifyInstance } from 'fastify';
import { TidemarkError } from '../errors.ts';
import { isLoopback } from './access/loopback.ts';
import type { HttpOptions } from './options.ts';

/** Listens, and says in our words why that was not possible. */
export async function listenAt(app: FastifyInstance, options: HttpOptions): Promise<{ readonly url: string }> {
  const { host, port, adminToken } = options;
  const place = `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  try {
    // One server and one socket: `localhost` would become two, of which only one is counted and closed.
    await app.listen({ port, host: host === 'localhost' ? '127.0.0.1' : host });
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    throw new TidemarkError(taken ? 'LISTEN_IN_USE' : 'LISTEN_IMPOSSIBLE', place, { cause: error });
  }
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new TidemarkError('LISTEN_IMPOSSIBLE', place);
  if (adminToken === undefined && !isLoopback(address.address)) {
    await app.close();
    throw new TidemarkError('LISTEN_UNPROTECTED', address.address);
  }
  return { url: urlOf(address.address, address.port) };
}

/** An address that can be opened: "every address" of this machine is none. */
function urlOf(address: string, port: number): string {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '[::1]' : address;
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${String(port)}`;
}
