import { createParser, type EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStream, type StreamEvent } from './event-stream.ts';

const all = (...pieces: string[]): StreamEvent[] => {
  const stream = new EventStream(1_000);
  return pieces.flatMap((piece) => stream.take(piece));
};

describe('server-sent events', () => {
  it('come with their type, id and text, and comments and unknown fields are no events', () => {
    expect(
      all(': hello\n\nretry: 10\n\nid: 7\nevent: page\ndata: {"a":\ndata:1}\nfuture: x\n\ndata\n\nid: 8\n\n'),
    ).toEqual([
      { id: '7', event: 'page', data: '{"a":\n1}' },
      { id: undefined, event: 'message', data: '' },
    ]);
  });

  it('are what another reader makes of them, wherever the text is cut', () => {
    const lines = fc.constantFrom(
      'data: a',
      'data:',
      'data: {"b":": c"}',
      'event: page',
      'id: 1',
      ': x',
      'foo: bar',
      '',
      '',
    );
    const ends = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(fc.array(fc.tuple(lines, ends), { maxLength: 30 }), fc.array(fc.nat(200)), (parts, cuts) => {
        const text = `${parts.map(([line, end]) => line + end).join('')}\n\n`;
        const expected: EventSourceMessage[] = [];
        createParser({ onEvent: (event) => expected.push(event) }).feed(text);
        const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((place, index) => text.slice(places[index], place));
        expect(all(...pieces)).toEqual(expected.map(({ id, event = 'message', data }) => ({ id, event, data })));
      }),
    );
  });

  it('are refused when one is longer than may be, also line by line', () => {
    expect(() => all('x'.repeat(1_001))).toThrow('too long');
    expect(() => all(...Array.from({ length: 11 }, () => `data: ${'x'.repeat(100)}\n`))).toThrow('too long');
    expect(all(...Array.from({ length: 30 }, () => `data: ${'x'.repeat(100)}\n\n`))).toHaveLength(30);
  });
});
