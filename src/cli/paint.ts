import { styleText } from 'node:util';

/** Colours by meaning, so that two commands never disagree about what yellow says. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly name: (text: string) => string;
}

const same = (text: string): string => text;

export const PLAIN: Paint = { good: same, bad: same, warn: same, faint: same, strong: same, name: same };

type Style = Parameters<typeof styleText>[0];
// The stream was judged by `paintFor`; without this styleText would judge standard output again, also for standard error.
const style = (format: Style) => (text: string) => styleText(format, text, { validateStream: false });

export const COLOURED: Paint = {
  good: style('green'),
  bad: style('red'),
  warn: style('yellow'),
  faint: style('gray'),
  strong: style('bold'),
  name: style('cyan'),
};

/** NO_COLOR (any non-empty value, no-color.org) beats FORCE_COLOR, which beats what the stream is. */
export function paintFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  if (env['NO_COLOR']) return PLAIN;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced === '0' || forced === 'false' ? PLAIN : COLOURED;
  return stream.isTTY === true && env['TERM'] !== 'dumb' ? COLOURED : PLAIN;
}
