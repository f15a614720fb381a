import { expect, it } from 'vitest';
import { ERRORS, TidemarkError } from '../../errors.ts';
import { translate } from './failure.ts';

const sql = (code: string, message = 'words of the server'): Error => Object.assign(new Error(message), { code });

it.each([
  [sql('28P01'), 'POSTGRES_AUTH', 'retry'],
  [sql('3D000'), 'POSTGRES_AUTH', 'retry'],
  [sql('42501'), 'POSTGRES_PRIVILEGE', 'retry'],
  [sql('53400'), 'POSTGRES_SLOTS_FULL', 'retry'],
  [sql('55006'), 'POSTGRES_SLOT_BUSY', 'retry'],
  [sql('55000', 'can no longer get changes from replication slot "s"'), 'POSTGRES_SLOT_LOST', 'retry'],
  [sql('55000', 'something else'), 'POSTGRES_FAILED', 'retry'],
  [sql('42704', 'replication slot "s" does not exist'), 'POSTGRES_SLOT_MISSING', 'retry'],
  [sql('42704', 'publication "p" does not exist'), 'POSTGRES_PUBLICATION_MISSING', 'retry'],
  [sql('57P01'), 'POSTGRES_UNREACHABLE', 'retry'],
  [sql('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'), 'POSTGRES_UNREACHABLE', 'retry'],
  [new Error('Connection terminated unexpectedly'), 'POSTGRES_UNREACHABLE', 'retry'],
  [new Error('Query read timeout'), 'POSTGRES_UNREACHABLE', 'retry'],
  [sql('XX000'), 'POSTGRES_FAILED', 'retry'],
  ['a string', 'POSTGRES_FAILED', 'retry'],
] as const)('%s is %s', (error, code, reaction) => {
  const translated = translate(error, 'doing something');
  expect(translated).toBeInstanceOf(TidemarkError);
  expect([translated.code, translated.reaction]).toEqual([code, reaction]);
  expect(translated.message).toContain('doing something');
  expect(ERRORS[translated.code].hint).not.toBe('');
});

it('an error of ours stays what it is', () => {
  const ours = new TidemarkError('POSTGRES_SILENT');
  expect(translate(ours, 'x')).toBe(ours);
});
