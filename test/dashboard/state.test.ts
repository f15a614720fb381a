import { expect, test } from 'vitest';
import { firstState, reduce, type State } from '../../dashboard/src/daemon/state.ts';
import type { Status } from '../../src/model/status.ts';

const status = (events: number, startedAt = 0): Status =>
  ({ startedAt, sources: [{ events }], layers: [], namespaces: [] }) as unknown as Status;

const heard = (state: State, events: number, now: number, startedAt = 0): State =>
  reduce(state, { kind: 'status', status: status(events, startedAt), now });

const titles = (state: State): string[] => state.flow.rows.map((row) => (row.kind === 'note' ? row.title : row.type));

test('the rate is over the last ten seconds, and a restart does not make it negative', () => {
  let state = firstState;
  for (let second = 0; second <= 20; second++)
    state = heard(state, second < 10 ? 0 : (second - 10) * 50, second * 1_000);
  expect(state.rate).toBe(50);
  expect(heard(state, 3, 21_000, 20_500).rate).toBe(0);
});

test('a daemon that is gone is gone since the first question without an answer', () => {
  let state = heard(firstState, 1, 1_000);
  state = reduce(state, { kind: 'gone', now: 2_000, why: 'no connection' });
  state = reduce(state, { kind: 'gone', now: 9_000, why: 'no connection' });
  expect(state.connection).toEqual({ kind: 'gone', since: 2_000, why: 'no connection' });
  expect(state.status).not.toBeNull();
  state = heard(state, 1, 12_000, 11_000);
  expect(state.connection).toEqual({ kind: 'live' });
  expect(titles(state)).toEqual(['daemon is back', 'daemon gone']);
  expect(state.flow.rows[0]).toMatchObject({ text: 'after 10 s, restarted' });
});
