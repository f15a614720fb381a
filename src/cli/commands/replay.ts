import { Command } from 'commander';
import { TidemarkError } from '../../errors.ts';
import type { ReplayReport, ReplayRequest } from '../../operations.ts';
import { count, grouped } from '../amounts.ts';
import type { Daemon } from '../../remote/daemon.ts';
import { DaemonRefusal } from '../../remote/refusal.ts';
import { EXIT, UsageError } from '../exit.ts';
import { safeJson } from '../escape.ts';
import { untilInterrupted } from '../interrupt.ts';
import { daemonOf, examples, positiveNumber, several, withDaemon, type DaemonOptions } from '../options.ts';
import type { Paint } from '../paint.ts';
import { Progress } from '../progress.ts';
import type { Shell } from '../shell.ts';

/** Above this a replay is felt by the layers and by what refills them, so it must be meant. */
const UNASKED_MAX = 1_000;

interface ReplayOptions extends DaemonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly type?: readonly string[];
  readonly dryRun?: boolean;
  readonly rate?: number;
  readonly yes?: boolean;
}

export function replay(shell: Shell): Command {
  return withDaemon(
    new Command('replay')
      .summary("plan old events again with today's contracts, and apply them")
      .description(
        "Plans events of the journal again with today's contracts and applies what they mean now. Counts first; a replay can\n" +
          'only cost cache misses, never bring an old value back. Ctrl-C cancels it.',
      )
      .option('--from <place>', 'where to begin: an offset, an age (2h) or a time')
      .option('--to <place>', 'where to end, inclusive (default: the newest entry now)')
      .option('-t, --type <type>', 'only events of this type, or pattern such as product.* (repeatable)', several)
      .option('--dry-run', 'count only')
      .option('--rate <n>', 'most events a second (default: 1000)', positiveNumber)
      .option('-y, --yes', `replay more than ${grouped(UNASKED_MAX)} events`)
      .addHelpText(
        'after',
        examples([
          ['tidemark replay --from 2h --dry-run', 'what would a replay of the last two hours do?'],
          ["tidemark replay --from 1200 --to 1500 --type 'product.*'", 'a range, one kind of event'],
        ]),
      )
      .action(async (options: ReplayOptions) => {
        await untilInterrupted(shell, (signal) => run(options, shell, signal));
      }),
  );
}

async function run(options: ReplayOptions, shell: Shell, signal: AbortSignal): Promise<void> {
  const daemon = daemonOf(options, shell);
  const request = await rangeOf(options, daemon, shell);
  if (request === null) {
    shell.out(options.json ? `${safeJson(NOTHING, 2)}\n` : 'There is nothing in that range.\n');
    return;
  }
  const progress = new Progress(shell);
  const plan = await follow(daemon, { ...request, dryRun: true }, signal, (step) => {
    progress.show(`counting: ${count(step.scanned, 'entry')} read, ${grouped(step.matched)} match`);
  });
  progress.clear();
  const report =
    options.dryRun || plan.cancelled
      ? plan
      : await replayAll(options, daemon, { request, plan, progress }, shell, signal);
  progress.clear();
  shell.out(options.json ? `${safeJson(report, 2)}\n` : renderReport(report, options.dryRun === true, shell.paintOut));
  shell.exitCode = report.cancelled ? EXIT.findings : EXIT.fine;
}

const NOTHING: ReplayReport = { scanned: 0, matched: 0, replayed: 0, actions: {}, cancelled: false };

type Range = Omit<ReplayRequest, 'signal' | 'onProgress' | 'from' | 'to'> & {
  readonly from: number;
  readonly to: number;
};

async function rangeOf(options: ReplayOptions, daemon: Daemon, shell: Shell): Promise<Range | null> {
  if (options.from === undefined) throw new UsageError('--from is missing: where does the replay begin?');
  const { offsetAt, parseMoment } = await import('../moment.ts');
  const now = shell.clock.now();
  const begin = parseMoment(options.from, '--from', now);
  const end = options.to === undefined ? null : parseMoment(options.to, '--to', now);
  const { head } = await daemon.request<{ head: number }>('GET', '/v1/journal?after=0&limit=1');
  const from = Math.max(1, 'offset' in begin ? begin.offset : await offsetAt(daemon, begin.at));
  // A time as the end includes what was received at it; the newest entry is read once, so that a busy journal has an end.
  const to = end === null ? head : 'offset' in end ? end.offset : (await offsetAt(daemon, end.at + 1)) - 1;
  if (end !== null && 'offset' in begin && 'offset' in end && end.offset < begin.offset) {
    throw new UsageError('--to is before --from');
  }
  if (from > Math.min(to, head)) return null;
  const { type: types, rate } = options;
  return { from, to: Math.min(to, head), ...(types ? { types } : {}), ...(rate === undefined ? {} : { rate }) };
}

async function replayAll(
  options: ReplayOptions,
  daemon: Daemon,
  { request, plan, progress }: { request: Range; plan: ReplayReport; progress: Progress },
  shell: Shell,
  signal: AbortSignal,
): Promise<ReplayReport> {
  if (plan.matched > UNASKED_MAX && !options.yes) {
    throw new UsageError(
      `this would replay ${count(plan.matched, 'event')} (${actionsOf(plan)})`,
      'add --yes to do it, --rate to pace it, or narrow it with --from, --to and --type',
    );
  }
  return follow(daemon, request, signal, (step) => {
    const percent = plan.matched === 0 ? 100 : Math.floor((step.replayed / plan.matched) * 100);
    progress.show(
      `replaying: ${grouped(step.replayed)} of ${count(plan.matched, 'event')} (${String(percent)} %), Ctrl-C cancels`,
    );
  });
}

/** Ending the request is how a replay is cancelled; what it had done until then is what the last step said. */
async function follow(
  daemon: Daemon,
  body: Range & { readonly dryRun?: boolean },
  signal: AbortSignal,
  onStep: (step: ReplayReport) => void,
): Promise<ReplayReport> {
  let last: ReplayReport = NOTHING;
  for await (const { event, data } of daemon.stream('POST', '/v1/replays', { body, signal })) {
    if (event === 'failed') {
      throw new DaemonRefusal({ ...(data as { code: string; message: string; hint: string }), status: 500 });
    }
    last = data as ReplayReport;
    if (event === 'report') return last;
    onStep(last);
  }
  if (signal.aborted) return { ...last, cancelled: true };
  throw new TidemarkError('DAEMON_HUNG_UP', daemon.url);
}

function actionsOf(report: ReplayReport): string {
  const actions = Object.entries(report.actions).map(([kind, n]) => `${grouped(n)} ${kind}`);
  return actions.length === 0 ? 'no actions' : actions.join(', ');
}

export function renderReport(report: ReplayReport, dryRun: boolean, paint: Paint): string {
  const read = `${count(report.scanned, 'entry')} read`;
  if (dryRun) return `${read}, ${count(report.matched, 'event')} would be replayed: ${actionsOf(report)}\n`;
  const verdict = report.cancelled ? paint.warn('cancelled') : paint.good('done');
  return `${verdict}: ${read}, ${grouped(report.replayed)} of ${count(report.matched, 'event')} replayed: ${actionsOf(report)}\n`;
}
