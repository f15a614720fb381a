import type { Journal, JournalContext, JournalKind } from '../journal.ts';
import { failureOf, isForNow } from './failure.ts';
import { NatsJournal } from './journal.ts';
import { Link } from './link.ts';
import { natsJournalOptions, type NatsJournalOptions } from './options.ts';
import { SIZES, type Sizes } from './retention.ts';

/** A cluster that begins, or has lost a server, chooses leaders for some seconds. */
const ATTEMPTS = 20;
const BETWEEN_MS = 500;

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
  const { stream, dedupe_ids: idsMax } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      const link = await Link.open(runtime, options, baseDir);
      return await NatsJournal.open({ runtime, link, idsMax, sizes });
    } catch (error) {
      if (!isForNow(error) || attempt === ATTEMPTS) throw failureOf(error, stream);
      runtime.log.warn({ error, stream, attempt }, 'the journal could not be opened yet; it is tried again');
      await runtime.clock.sleep(BETWEEN_MS);
    }
  }
}
