export const JOURNALS = ['sqlite', 'nats', 'memory'] as const;
export type JournalName = (typeof JOURNALS)[number];

export interface Options {
  readonly rate: number;
  readonly processes: number;
  readonly seconds: number;
  readonly journal: JournalName;
}

export interface Report {
  readonly machine: string;
  readonly options: Options;
  readonly commitsPerSecond: number;
  /** After the commit was answered. Below 0: before its writer knew. */
  readonly ms: Readonly<Record<'raw' | 'received' | 'applied' | 'applied in the last', Figures>>;
  /** From asking for an append until it is durable, on average. */
  readonly appendMs: number;
  readonly cpuUsPerCommit: Readonly<Record<'daemon' | 'application' | 'raw' | 'writer', number>>;
}

export interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly most: number;
}

/** Of a process, by commit; only what is measured. */
export type Delays = readonly number[];

export function figuresOf(delays: Delays): Figures {
  const sorted = Float64Array.from(delays).sort();
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), most: at(1) };
}

/** Of each commit, when the last of the processes had it. */
export function lastOf(processes: readonly Delays[]): Delays {
  return (processes[0] ?? []).map((_, n) => Math.max(...processes.map((of) => of[n] ?? NaN)));
}

export function inWords({ options, commitsPerSecond, ms, appendMs, cpuUsPerCommit, ...report }: Report): string {
  const { seconds, processes, journal } = options;
  const parts = ['p50', 'p99', 'p999', 'most'] as const;
  const row = (name: string, cells: readonly string[]): string =>
    name.padEnd(24) + cells.map((cell) => cell.padStart(9)).join('');
  return [
    `${report.machine}; all processes on it, PostgreSQL 18`,
    `${commitsPerSecond.toFixed(0)} commits a second for ${String(seconds)} s, ${String(processes)} processes, journal ${journal}`,
    row('ms after the commit', parts),
    ...Object.entries(ms).map(([name, figures]) =>
      row(
        name,
        parts.map((part) => figures[part].toFixed(2)),
      ),
    ),
    `an append took ${appendMs.toFixed(2)} ms on average`,
    `processor time of a commit, us: ${Object.entries(cpuUsPerCommit)
      .map(([who, us]) => `${who} ${us.toFixed(0)}`)
      .join(', ')}`,
    '',
  ].join('\n');
}
