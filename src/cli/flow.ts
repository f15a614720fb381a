import type { Entry } from '../model/entry.ts';
import type { Observation } from '../model/observation.ts';
import type { PlannedAction } from '../model/plan.ts';
import { count, grouped, timeOfDay } from './amounts.ts';
import { escapeControls } from './escape.ts';
import type { Paint } from './paint.ts';

export function renderEntry(entry: Entry, paint: Paint): string {
  const { event, plan } = entry;
  const actions = plan.actions.map((action) => renderAction(action, paint));
  const problems = plan.problems.map((problem) => paint.bad(`${problem.code} ${escapeControls(problem.message)}`));
  const head = [
    paint.faint(timeOfDay(entry.receivedAt)),
    `#${grouped(entry.offset)}`,
    paint.strong(escapeControls(event.type)),
    `from ${escapeControls(entry.source)}`,
  ].join('  ');
  const means = [...actions, ...problems];
  return `${head}\n${means.length === 0 ? paint.faint('    no contract asks for anything\n') : means.map((line) => `    ${line}\n`).join('')}`;
}

function renderAction(action: PlannedAction, paint: Paint): string {
  const where = action.namespace === undefined ? '' : ` in ${escapeControls(action.namespace)}`;
  const wide = action.widened ? paint.warn(' (widened)') : '';
  return `${action.kind} ${paint.name(escapeControls(action.target))}${where}${wide}  ${paint.faint(escapeControls(action.contract))}`;
}

export function renderObservation({ type, at, fields }: Observation, paint: Paint): string {
  const values = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : JSON.stringify(value);
    return `${escapeControls(name)}=${escapeControls(text)}`;
  });
  const bad = type === 'dead-letter' || type === 'fill:refused' || type === 'audit:violation';
  const shown = bad ? paint.warn(type) : paint.faint(escapeControls(type));
  return `${paint.faint(timeOfDay(at))}  ${shown}  ${values.join(' ')}\n`;
}

export function renderDropped(data: unknown, paint: Paint): string {
  const { count: n } = data as { readonly count: number };
  return paint.faint(`(${count(n, 'observation')} left out: faster than this can be shown)\n`);
}
