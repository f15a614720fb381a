import type { Journal, JournalContext, JournalKind } from '../journal.ts';
import { NatsJournal } from './journal.ts';
import { Link } from './link.ts';
import { natsJournalOptions, type NatsJournalOptions } from './options.ts';
import { SIZES, type Sizes } from './retention.ts';

export const natsJournal: JournalKind<NatsJournalOptions> = {
  type: 'nats',
  summary: 'A stream of NATS JetStream: durable on its servers, and several daemons may share it.',
  options: natsJournalOptions,
  open: (context, options) => openNatsJournal(context, options, SIZES),
};

export async function openNatsJournal(
  { runtime, baseDir }: JournalContext,
  options: NatsJournalOptions,
  sizes: Sizes,
): Promise<Journal & { readonly relays: NatsJournal['relays'] }> {
  const link = await Link.open(runtime, options, baseDir);
  return NatsJournal.open({ runtime, link, idsMax: options.dedupe_ids, sizes });
}
