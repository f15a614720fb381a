import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * At most so many connections. Over the bound, the one that has been idle (or still sending its headers) for longest
 * makes room, so that thousands of sockets that say nothing keep nobody else out; only when all are being answered is
 * the new one turned away.
 */
export class Connections {
  /** In the order of their last answer: the first is idle for longest. */
  readonly #idle = new Set<Socket>();
  #open = 0;

  constructor(server: Server, max: number) {
    server.on('connection', (socket) => {
      this.#open++;
      this.#idle.add(socket);
      socket.once('close', () => {
        this.#open--;
        this.#idle.delete(socket);
      });
      if (this.#open <= max) return;
      const [longest] = this.#idle;
      (longest ?? socket).destroy();
    });

    // Before the framework's own listener, so that a request being answered is never the one that makes room.
    server.prependListener('request', ({ socket }, response: ServerResponse) => {
      this.#idle.delete(socket);
      response.once('close', () => {
        if (!socket.destroyed) this.#idle.add(socket);
      });
    });
  }

  /** Ends those that nobody is being answered on. Node's own way leaves out sockets that never sent a request. */
  closeIdle(): void {
    for (const socket of this.#idle) socket.destroy();
  }
}
