import type { AppAnswer, AppOrder, AppReport, Written } from './app.ts';
import type { Hurtable } from './cable.ts';
import type { Judge } from './judge.ts';
import type { Member } from './member.ts';

/** An application process, what it is fed over, and what it has told. */
export class Seat {
  readonly member: Member;
  readonly feed: Hurtable;
  /** By the newest report; `null` before the first. */
  provenAt: number | null = null;
  losses = 0;
  reconnects = 0;
  readonly failed = new Map<string, number>();
  #past: Readonly<Record<string, number>> = {};
  #answer: ((answer: AppAnswer) => void) | null = null;

  constructor(member: Member, feed: Hurtable, judge: Judge, onWritten: (written: Written) => void) {
    this.member = member;
    this.feed = feed;
    member.onMessage = (message) => {
      const told = message as AppReport | AppAnswer;
      if ('resident' in told) this.#answer?.(told);
      else this.#take(told, judge, onWritten);
    };
  }

  start(): void {
    this.provenAt = null;
    this.#past = {};
    this.member.start();
  }

  order(order: AppOrder): void {
    this.member.send(order);
  }

  /** What it would serve now. */
  resident(): Promise<AppAnswer> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.order({ order: 'compare' });
    });
  }

  #take(report: AppReport, judge: Judge, onWritten: (written: Written) => void): void {
    for (const told of report.reads) judge.judge(told, this.member.name);
    this.provenAt = report.provenAt;
    // Each process counts from 0; the seat has had several.
    for (const [code, count] of Object.entries(report.failed))
      this.failed.set(code, (this.failed.get(code) ?? 0) + count - (this.#past[code] ?? 0));
    this.losses += report.losses - (this.#past['losses'] ?? 0);
    this.reconnects += report.reconnects - (this.#past['reconnects'] ?? 0);
    this.#past = { ...report.failed, losses: report.losses, reconnects: report.reconnects };
    if (report.written) onWritten(report.written);
  }
}
