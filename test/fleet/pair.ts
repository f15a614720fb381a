import type { Line } from '../support/line.ts';
import { RedisServer } from '../support/redis.ts';

/** A Redis and its replica behind one address, which leads to whichever is the master. */
export class RedisPair {
  readonly line: Line;
  #master: RedisServer;
  #other: RedisServer;

  static async start(line: Line): Promise<RedisPair> {
    const master = await RedisServer.start({ maxmemory: '256mb', 'maxmemory-policy': 'volatile-lru' });
    line.to(master.port);
    return new RedisPair(line, master, await master.replica());
  }

  private constructor(line: Line, master: RedisServer, other: RedisServer) {
    this.line = line;
    this.#master = master;
    this.#other = other;
  }

  get master(): RedisServer {
    return this.#master;
  }

  /** The master is killed, the replica takes its place as it is, and the old one comes back as the replica of the new one. */
  async failover(awayMs: () => Promise<void>): Promise<void> {
    const [old, next] = [this.#master, this.#other];
    this.line.away();
    await old.crash();
    await awayMs();
    await next.do('REPLICAOF', 'NO', 'ONE');
    this.line.to(next.port);
    this.line.mend();
    [this.#master, this.#other] = [next, old];
    await old.start();
    await old.do('REPLICAOF', '127.0.0.1', next.port);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#master.stop(), this.#other.stop()]);
  }
}
