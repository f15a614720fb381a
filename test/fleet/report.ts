import type { Happened, Outcome } from './run.ts';
import { BOUND_MS } from './relay.ts';
import type { World } from './world.ts';

export interface Report {
  readonly seed: number;
  readonly seconds: number;
  readonly boundMs: number;
  /** Reads that were judged, by the way they were made. */
  readonly reads: Readonly<Record<string, number>>;
  /** Comparisons with a state that a read had to reflect. */
  readonly checks: number;
  readonly stale: number;
  readonly stories: readonly string[];
  readonly wrong: readonly string[];
  readonly faults: readonly FaultFigures[];
  /** Longest time from the loss of a relay alone until every application had a proof again. */
  readonly longestTakeOverMs: number | null;
  readonly hitRate: { readonly before: number; readonly under: number; readonly kept: number };
  readonly compared: number;
  /** Reads that were rejected, by the code of their error. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly losses: number;
  readonly reconnects: number;
}

interface FaultFigures {
  readonly name: string;
  readonly count: number;
  /** Until every application had a proof of after its beginning, of those that came alone. */
  readonly provenAfterMs: { readonly median: number; readonly longest: number } | null;
}

export function reportOf(
  world: World,
  outcome: Outcome,
  run: { readonly seed: number; readonly seconds: number },
): Report {
  const { judge, seats } = world;
  const { before, under } = outcome.hitRate;
  const rejected: Record<string, number> = {};
  for (const { failed } of seats) for (const [code, count] of failed) rejected[code] = (rejected[code] ?? 0) + count;
  const relays = outcome.faults.filter(({ name, double }) => name.endsWith('of a relay') && !double);
  return {
    ...run,
    boundMs: BOUND_MS,
    reads: judge.counts,
    checks: judge.checks,
    stale: judge.stale,
    stories: judge.stories,
    wrong: outcome.wrong,
    faults: figuresOf(outcome.faults),
    longestTakeOverMs: relays.length > 0 ? Math.max(...times(relays)) : null,
    hitRate: { before, under, kept: under / before },
    compared: outcome.compared,
    rejected,
    losses: seats.reduce((sum, { losses }) => sum + losses, 0),
    reconnects: seats.reduce((sum, { reconnects }) => sum + reconnects, 0),
  };
}

const times = (faults: readonly Happened[]): number[] =>
  faults.map(({ provenAfterMs }) => Math.round(provenAfterMs)).sort((a, b) => a - b);

function figuresOf(faults: readonly Happened[]): FaultFigures[] {
  const names = [...new Set(faults.map(({ name }) => name))].sort();
  return names.map((name) => {
    const these = faults.filter((one) => one.name === name);
    const alone = times(these.filter(({ double }) => !double));
    const median = alone[Math.floor(alone.length / 2)];
    return {
      name,
      count: these.length,
      provenAfterMs: median === undefined ? null : { median, longest: alone.at(-1)! },
    };
  });
}

export function readsOf({ reads }: Pick<Report, 'reads'>): number {
  return Object.values(reads).reduce((sum, count) => sum + count, 0);
}

export function inWords(report: Report): string {
  const { faults, stories, wrong, hitRate, longestTakeOverMs, rejected } = report;
  const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  const happened = faults.reduce((sum, { count }) => sum + count, 0);
  const lines = [
    'fault, how often; until every process had a proof of after its beginning, median and longest:',
    ...faults.map(({ name, count, provenAfterMs }) => {
      const took = provenAfterMs ? `${seconds(provenAfterMs.median)}, ${seconds(provenAfterMs.longest)}` : '';
      return `  ${name.padEnd(44)} ${String(count).padStart(4)}   ${took}`;
    }),
    `longest take-over: ${longestTakeOverMs === null ? 'no relay was hurt alone' : seconds(longestTakeOverMs)}`,
    `hit rate: ${percent(hitRate.before)} before, ${percent(hitRate.under)} under faults, ${percent(hitRate.kept)} kept`,
    `rejected reads: ${
      Object.entries(rejected)
        .map(([code, count]) => `${code} ${count}`)
        .join(', ') || 'none'
    }`,
    `connections made anew: ${report.reconnects}; times that everything was dropped: ${report.losses}`,
    `compared with the database at the end: ${report.compared} entries`,
    ...[...wrong, ...stories].map((one) => `WRONG: ${one}`),
    `${report.seconds} s of seed ${report.seed}: ${readsOf(report)} reads checked, ${happened} faults, ${report.stale} stale reads beyond ${report.boundMs} ms, ${wrong.length} other failures`,
  ];
  return `${lines.join('\n')}\n`;
}
