import { createServer, type AddressInfo } from 'node:net';

/** A port of the loopback interface that nobody listens on now. Whoever gets it must be ready to lose a race for it. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
