import { Command } from 'commander';
import type { AuditStatus, LayerStatus, RelayStatus, SourceStatus, Status } from '../../model/status.ts';
import { ago, bytes, count, duration, grouped, timeOfDay } from '../amounts.ts';
import { EXIT } from '../exit.ts';
import { escapeControls, safeJson } from '../escape.ts';
import { daemonOf, examples, withDaemon, type DaemonOptions } from '../options.ts';
import type { Paint } from '../paint.ts';
import type { Shell } from '../shell.ts';
import { table } from '../table.ts';

export function status(shell: Shell): Command {
  return withDaemon(
    new Command('status')
      .summary('sources, lag, watermarks, trust, dead letters')
      .description(
        'Shows what a running daemon knows of itself: each source with its lag and the age of its newest proof, each layer ' +
          'with its watermark, the trust of each namespace, projections, the processes that cache elsewhere with how far they ' +
          'are and when they were last heard, and dead letters. Exits with 1 when it is not ready.',
      )
      .addHelpText(
        'after',
        examples([
          ['tidemark status', 'the daemon of this folder, or on 127.0.0.1:4100'],
          ['tidemark status --json | jq .sources', 'for a program'],
        ]),
      )
      .action(async (options: DaemonOptions) => {
        const answer = await daemonOf(options, shell).request<Status>('GET', '/v1/status');
        shell.out(options.json ? `${safeJson(answer, 2)}\n` : renderStatus(answer, shell.paintOut));
        shell.exitCode = answer.ready ? EXIT.fine : EXIT.findings;
      }),
  );
}

export function renderStatus(status: Status, paint: Paint): string {
  const { now, journal } = status;
  const ready = status.ready ? paint.good('ready') : paint.bad('not ready');
  const head = [
    `Tidemark ${status.version}  ${ready}  up ${duration(now - status.startedAt)}`,
    ...status.reasons.map((reason) => `  ${paint.warn(escapeControls(reason))}`),
    `journal    ${journal.type}${journal.durable ? '' : paint.warn(' (not durable)')}, head ${grouped(journal.head)}, ${count(journal.entries, 'entry')}${journal.bytes === undefined ? '' : `, ${bytes(journal.bytes)}`}`,
    `contracts  ${String(status.contracts.count)} (${status.contracts.hash.slice(0, 12)})`,
    '',
  ].join('\n');
  const letters =
    status.deadLetters === 0
      ? 'dead letters  none\n'
      : `${paint.warn(`dead letters  ${grouped(status.deadLetters)}`)}  (tidemark dead-letters list)\n`;
  return [
    head,
    section('SOURCE', ['TYPE', 'STATE', 'EVENTS', 'LAST', 'LAG', 'PROOF'], sourceRows(status, paint), paint),
    status.sources.map((source) => sourceNotes(source, now, paint)).join(''),
    section('LAYER', ['TYPE', 'STATE', 'WATERMARK', 'BEHIND', 'ENTRIES'], layerRows(status, paint), paint),
    status.layers.map((layer) => layerNotes(layer, paint)).join(''),
    section('NAMESPACE', ['TRUST', 'BOUND', 'TTL', 'HITS', 'MISSES', 'REFUSED'], namespaceRows(status, paint), paint),
    status.namespaces.map(({ name, reason }) => `  ${escapeControls(`${name}: ${reason}`)}\n`).join(''),
    section('PROJECTION', ['STATE', 'REFRESHES', 'FAILURES', 'LAST ERROR'], projectionRows(status, paint), paint),
    section('PROCESS', ['STATE', 'WATERMARK', 'BEHIND', 'HEARD'], processRows(status, paint), paint),
    ...(status.relays ? [workSection(status.relays, now, paint)] : []),
    ...(status.audit ? [auditSection(status.audit, paint)] : []),
    letters,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function section(name: string, columns: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string {
  return rows.length === 0 ? '' : table([[name, ...columns].map((title) => paint.faint(title)), ...rows]);
}

function sourceRows({ sources, now }: Status, paint: Paint): string[][] {
  return sources.map((source) => [
    paint.name(escapeControls(source.name)),
    source.type,
    source.state === 'streaming' || source.state === 'receiving' ? paint.good(source.state) : paint.warn(source.state),
    grouped(source.events),
    source.lastEventAt === undefined ? 'never' : ago(source.lastEventAt, now),
    source.lagBytes === undefined ? '-' : bytes(source.lagBytes),
    source.canProve ? (source.proofAgeMs === undefined ? paint.warn('none yet') : duration(source.proofAgeMs)) : '-',
  ]);
}

/** What does not fit a column: it is there only when something is wrong. */
function sourceNotes(source: SourceStatus, now: number, paint: Paint): string {
  const name = escapeControls(source.name);
  const { detail, lastError } = source;
  const notes = [
    ...(detail === undefined ? [] : [`${name}: ${escapeControls(detail)}`]),
    ...(source.restarts > 0 ? [`${name}: ${count(source.restarts, 'restart')}`] : []),
    ...(source.gaps > 0 ? [paint.warn(`${name}: ${count(source.gaps, 'gap')} in what it delivered`)] : []),
    ...(lastError
      ? [paint.bad(`${name}: ${lastError.code} ${ago(lastError.at, now)}: ${escapeControls(lastError.message)}`)]
      : []),
    ...source.warnings.map((warning) => paint.warn(`${name}: ${escapeControls(warning)}`)),
  ];
  return notes.map((note) => `  ${note}\n`).join('');
}

function layerNotes({ name, warnings = [] }: LayerStatus, paint: Paint): string {
  return warnings.map((warning) => `  ${paint.warn(escapeControls(`${name}: ${warning}`))}\n`).join('');
}

function layerRows({ layers }: Status, paint: Paint): string[][] {
  return layers.map((layer) => [
    paint.name(escapeControls(layer.name)),
    layer.type,
    layer.ok
      ? layer.retrying
        ? paint.warn('retrying')
        : paint.good('ok')
      : paint.bad(layer.detail === undefined ? 'down' : `down: ${escapeControls(layer.detail)}`),
    grouped(layer.watermark),
    layer.behind === 0 ? '0' : paint.warn(grouped(layer.behind)),
    layer.entries === undefined ? '-' : grouped(layer.entries),
  ]);
}

function namespaceRows({ namespaces }: Status, paint: Paint): string[][] {
  return namespaces.map((namespace) => [
    paint.name(escapeControls(namespace.name)),
    namespace.trust === 'fresh'
      ? paint.good('fresh')
      : namespace.trust === 'uncertain'
        ? paint.bad(`uncertain (${namespace.whenUncertain})`)
        : 'ttl',
    namespace.maxStalenessMs === undefined ? '-' : duration(namespace.maxStalenessMs),
    duration(namespace.ttlMs),
    grouped(namespace.hits),
    grouped(namespace.misses),
    grouped(namespace.refusedFills),
  ]);
}

function processRows({ processes = [] }: Status, paint: Paint): string[][] {
  return processes.map(({ name, role, state, watermark, behind, heardMsAgo }) => [
    paint.name(escapeControls(name)),
    state === 'gone' ? paint.warn('gone') : role === 'relay' ? `${paint.good('live')} (relay)` : paint.good('live'),
    watermark === null ? paint.warn('another journal') : grouped(watermark),
    behind === 0 ? '0' : paint.warn(grouped(behind)),
    `${duration(heardMsAgo)} ago`,
  ]);
}

/** Who does what only one of several daemons may do at a time. */
function workSection({ self, work }: RelayStatus, now: number, paint: Paint): string {
  const rows = work.map(({ name, ours, owner, term, since }) => [
    paint.name(escapeControls(name)),
    ours ? paint.good('this relay') : owner === undefined ? paint.warn('nobody') : escapeControls(owner),
    term === undefined ? '-' : String(term),
    since === undefined ? '-' : ago(since, now),
  ]);
  const note = `  this relay is ${escapeControls(self)}\n`;
  return section('WORK', ['DONE BY', 'TERM', 'SINCE'], rows, paint) + note;
}

function auditSection(audit: AuditStatus, paint: Paint): string {
  const rows = audit.namespaces.map(({ name, undecidable, checked, violations, undecided, failed, healed, words }) => [
    paint.name(escapeControls(name)),
    grouped(checked),
    violations === 0 ? '0' : paint.bad(grouped(violations)),
    undecided + failed === 0 ? '0' : paint.warn(grouped(undecided + failed)),
    audit.heal ? grouped(healed) : '-',
    undecidable === undefined ? words : paint.warn(escapeControls(words)),
  ]);
  const notes = audit.violations.map(({ namespace, key, at, where, why }) => {
    const text = `${key} in ${namespace} at ${timeOfDay(at)}: ${where.join('; ')}. ${why}`;
    return `  ${paint.bad(escapeControls(text))}\n`;
  });
  const columns = ['CHECKED', 'WRONG', 'UNDECIDED', 'HEALED', 'WHICH MEANS'];
  return section('AUDIT', columns, rows, paint) + notes.join('');
}

function projectionRows({ projections }: Status, paint: Paint): string[][] {
  return projections.map((projection) => [
    paint.name(escapeControls(projection.name)),
    projection.running ? 'running' : projection.pending ? 'pending' : 'idle',
    grouped(projection.refreshes),
    projection.failures === 0 ? '0' : paint.warn(grouped(projection.failures)),
    projection.lastError === undefined ? '-' : paint.bad(escapeControls(projection.lastError)),
  ]);
}
