import type { Observation } from '../../operations.ts';
import type { Context, Resource } from '../context.ts';
import { queryOf } from '../query.ts';
import { Refusal } from '../refusal.ts';
import { EventStream } from '../stream/event-stream.ts';
import { ObservationQueue } from '../stream/observation-queue.ts';

/** A record, so that a new type of observation does not compile until it is here. */
const TYPES: Readonly<Record<Observation['type'], true>> = {
  'event:received': true,
  plan: true,
  'layer:applied': true,
  'cache:hit': true,
  'cache:miss': true,
  'fill:stored': true,
  'fill:refused': true,
  'source:state': true,
  'source:lag': true,
  'trust:changed': true,
  'clock:suspended': true,
  'loop:stalled': true,
  'audit:violation': true,
  'projection:refreshed': true,
  'dead-letter': true,
};

/**
 * `GET /v1/observations`: what happens, as server-sent events, for watching and not for acting upon. A client that is
 * slower than what happens gets a `dropped` event with the count of what it missed.
 */
export const observations: Resource = (app, context) => {
  app.get(
    '/v1/observations',
    { config: { access: 'admin', stream: true }, exposeHeadRoute: false },
    async (request, reply) => {
      const wanted = typesOf(queryOf(request, ['types']).types);
      await context.slots.within(() => observe(context, wanted, new EventStream(reply, context)));
    },
  );
};

function typesOf(text: string | undefined): ReadonlySet<string> | null {
  if (text === undefined) return null;
  const wanted = text.split(',');
  const unknown = wanted.find((type) => !Object.hasOwn(TYPES, type));
  if (unknown === undefined) return new Set(wanted);
  const known = Object.keys(TYPES).join(', ');
  throw new Refusal('PARAMETER_INVALID', `types: there is no observation ${unknown || '""'} (known: ${known})`);
}

async function observe(
  { operations, options, limits }: Context,
  wanted: ReadonlySet<string> | null,
  stream: EventStream,
): Promise<void> {
  const { clock } = options.runtime;
  const queue = new ObservationQueue(limits.observationsMax);
  const unsubscribe = operations.observe((observation) => {
    if (!wanted || wanted.has(observation.type)) queue.add(observation);
  });
  try {
    while (!stream.signal.aborted) {
      await queue.ready(stream.signal);
      const { observations, dropped } = queue.take();
      for (const observation of observations) await stream.push({ event: observation.type, data: observation });
      if (dropped > 0) await stream.push({ event: 'dropped', data: { count: dropped } });
      await stream.flush();
      // What comes within this time is sent together: a page is drawn a few times a second, not a thousand times.
      await clock.sleep(limits.observationFlushMs, stream.signal);
    }
  } finally {
    unsubscribe();
    stream.end();
  }
}
