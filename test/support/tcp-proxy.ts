import { createServer, connect as connectTo, type Server, type Socket } from 'node:net';
import { freePort } from './ports.ts';

/** Stands between a client and a server on this machine, so that a test can cut the one off from the other. */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #isMute = false;

  private constructor(port: number, target: number) {
    this.port = port;
    this.#server = createServer((socket) => {
      this.#join(socket, target);
    });
  }

  static async to(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(await freePort(), target);
    await new Promise<void>((resolve) => proxy.#server.listen(proxy.port, '127.0.0.1', resolve));
    return proxy;
  }

  /** Breaks every connection, and each new one, until it is mended. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** From now on what the server says is lost; what it is told arrives. */
  mute(): void {
    this.#isMute = true;
  }

  mend(): void {
    this.#isCut = false;
    this.#isMute = false;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, target: number): void {
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const server = connectTo(target, '127.0.0.1');
    const pair = [client, server];
    for (const socket of pair) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        for (const other of pair) other.destroy();
      });
    }
    client.pipe(server);
    server.on('data', (chunk) => {
      if (!this.#isMute) client.write(chunk);
    });
  }
}
