import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP line that can be cut (both ends notice), held (neither does), mute, taken away, and made slow. */
export class Line {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #targets: readonly number[] = [];
  #connections = 0;
  #state: 'open' | 'held' | 'mute' | 'away' = 'open';
  #delayMs = 0;

  static async open(...targets: number[]): Promise<Line> {
    const line = new Line();
    line.to(...targets);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  private constructor() {
    this.#server = createServer((near) => {
      if (this.#state === 'away') {
        near.destroy();
        return;
      }
      const target = this.#targets[this.#connections++ % this.#targets.length] ?? 0;
      const far = connect(target, '127.0.0.1');
      this.#pass(near, far, ['held']);
      this.#pass(far, near, ['held', 'mute']);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Where new connections lead: to each of them in turn. */
  to(...ports: number[]): void {
    this.#targets = ports;
  }

  /** From now on everything is lost, and nobody is told; new connections are taken and stay mute. */
  hold(): void {
    this.#state = 'held';
  }

  /** From now on what the far end says is lost; what it is told arrives. */
  mute(): void {
    this.#state = 'mute';
  }

  /** Connections are cut, and no new one is taken. */
  away(): void {
    this.#state = 'away';
    this.cut();
  }

  /** What is sent from now on comes so much later, in order. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** As at first. A connection that has lost something is cut: it could never have gone on. */
  mend(): void {
    this.#state = 'open';
    this.#delayMs = 0;
    this.cut();
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#state = 'away';
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(one: Socket, other: Socket, lost: readonly string[]): void {
    this.#sockets.add(one);
    one.on('data', (chunk) => {
      if (lost.includes(this.#state)) return;
      // Timers of one delay fire in the order in which they were set, and a delay only changes before and after a cut.
      if (this.#delayMs > 0) setTimeout(() => other.write(chunk), this.#delayMs);
      else if (!other.write(chunk)) {
        one.pause();
        other.once('drain', () => one.resume());
      }
    });
    one.on('error', () => other.destroy());
    one.once('close', () => {
      this.#sockets.delete(one);
      other.destroy();
    });
  }
}
