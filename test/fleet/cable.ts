import { Line } from '../support/line.ts';

/** What can be hurt of a line, or of several that belong together. */
export type Hurtable = Pick<Line, 'cut' | 'away' | 'hold' | 'slow' | 'mend' | 'close'>;

/** The lines from one process to each server of NATS: they lie in one cable. */
export class Cable implements Hurtable {
  readonly #lines: readonly Line[];

  static async open(targets: readonly number[]): Promise<Cable> {
    return new Cable(await Promise.all(targets.map((port) => Line.open(port))));
  }

  private constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  get urls(): string[] {
    return this.#lines.map(({ port }) => `nats://127.0.0.1:${port}`);
  }

  cut(): void {
    for (const line of this.#lines) line.cut();
  }

  away(): void {
    for (const line of this.#lines) line.away();
  }

  hold(): void {
    for (const line of this.#lines) line.hold();
  }

  slow(delayMs: number): void {
    for (const line of this.#lines) line.slow(delayMs);
  }

  mend(): void {
    for (const line of this.#lines) line.mend();
  }

  async close(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.close()));
  }
}
