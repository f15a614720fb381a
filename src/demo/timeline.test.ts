import { expect, test } from 'vitest';
import type { Observation } from '../index.ts';
import { VirtualClock } from '../runtime/virtual.ts';
import { SEED, type Product } from './product.ts';
import { Timeline, type Story } from './timeline.ts';

const cup: Product = SEED[0]!;

function world(): {
  clock: VirtualClock;
  timeline: Timeline;
  observe: (type: Observation['type'], fields: Observation['fields']) => void;
  newest: () => readonly string[];
} {
  const clock = new VirtualClock();
  const timeline = new Timeline(clock);
  return {
    clock,
    timeline,
    observe: (type, fields) => {
      timeline.observe({ type, at: clock.now(), fields });
    },
    newest: () => (timeline.stories.at(-1)?.steps ?? []).map(({ ms, what }) => `${ms} ${what}`),
  };
}

const read = { layer: 'local', maxAgeMs: 10, tookMs: 0 };
const load = { layer: 'source', maxAgeMs: 0, tookMs: 40 };

test('a write is told from its commit to the next fresh read, each step once', async () => {
  const { clock, timeline, observe, newest } = world();
  const story = timeline.begin(1, 'cup');
  timeline.committed(story, 'event-a', 'committed');
  await clock.advance(5);
  timeline.read(cup, read);
  await clock.advance(20);
  observe('event:received', { id: 'event-a', offset: 7, source: 'shop', type: 'product.updated' });
  observe('plan', { offset: 7, actions: ['delete_key: product:1'] });
  await clock.advance(1);
  observe('layer:applied', { layer: 'local', watermark: 7 });
  observe('layer:applied', { layer: 'local', watermark: 8 });
  timeline.read(cup, load);
  timeline.read(cup, load);
  await clock.advance(100);
  observe('projection:refreshed', { projection: 'category-membership', offset: 9, tookMs: 2 });
  observe('projection:refreshed', { projection: 'category-membership', offset: 10, tookMs: 2 });
  expect(newest()).toEqual([
    '0 write committed',
    '5 read in between',
    '25 event received',
    '25 planned',
    '26 evicted',
    '26 next read',
    '126 projection refreshed',
  ]);
});

test('what belongs to no write, or to another one, is not told', () => {
  const { timeline, observe, newest } = world();
  timeline.committed(timeline.begin(1, 'cup'), 'event-a', 'committed');
  observe('event:received', { id: 'event-b', offset: 3, source: 'shop', type: 'product.updated' });
  observe('plan', { offset: 3, actions: [] });
  observe('layer:applied', { layer: 'local', watermark: 3 });
  observe('fill:refused', { key: 'product:2', stamp: 1, endedAt: 3 });
  observe('cache:hit', { key: 'product:1' });
  timeline.read({ ...cup, id: 2 }, load);
  expect(newest()).toEqual(['0 write committed']);
});

test('what came before the commit has negative times, and a refused fill is told with both offsets', async () => {
  const { clock, timeline, observe, newest } = world();
  const story = timeline.begin(1, 'cup');
  timeline.step(story, 'load began', 'slow');
  await clock.advance(400);
  timeline.committed(story, 'event-a', 'committed');
  await clock.advance(1_100);
  observe('fill:refused', { key: 'product:1', stamp: 5, endedAt: 7 });
  expect(newest()).toEqual(['-400 load began', '0 write committed', '1100 fill refused']);
  expect(timeline.stories[0]?.steps.at(-1)?.text).toContain('stamp #5, and #7');
});

test('only the newest twelve stories are kept, and followers get each as it grows until they leave', () => {
  const { timeline } = world();
  const seen: Story[] = [];
  const leave = timeline.follow((story) => seen.push(story));
  for (let i = 0; i < 20; i++) timeline.step(timeline.begin(i, `story ${i}`), 'prepared', 'x');
  leave();
  timeline.step(timeline.begin(99, 'unseen'), 'prepared', 'x');
  expect(timeline.stories.map(({ productId }) => productId)).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 99]);
  expect(seen).toHaveLength(20);
});
