import { TidemarkError } from '../errors.ts';
import type { SourceId } from '../model/position.ts';
import { tokenOf, type Token } from '../model/token.ts';
import type { Source } from '../sources/source.ts';
import type { Engine } from './engine.ts';
import type { Namespace } from '../client/namespaces.ts';

/**
 * Where a source's history has got to, as a token.
 *
 * @throws POSITION_UNKNOWN when none of the namespace's sources can tell; OPTION_INVALID when several can and none is named
 */
export async function positionOf(
  engine: Engine,
  { config }: Namespace,
  connection: unknown,
  asked?: SourceId,
): Promise<Token> {
  const able: { readonly name: SourceId; readonly source: Source }[] = [];
  for (const { name, source } of engine.sources.values()) {
    if (source?.position && (config.sources?.includes(name) ?? true)) able.push({ name, source });
  }
  const [only, another] = asked === undefined ? able : able.filter(({ name }) => name === asked);
  if (!only) {
    const which = asked === undefined ? 'none of its sources' : `the source "${asked}" is not one of those that`;
    throw new TidemarkError('POSITION_UNKNOWN', `namespace "${config.name}": ${which} can tell`);
  }
  if (another) {
    const names = able.map(({ name }) => name).join(', ');
    throw new TidemarkError('OPTION_INVALID', `namespace "${config.name}": give \`source\`, one of ${names}`);
  }
  const resume = await only.source.position?.(connection);
  if (!resume) throw new TidemarkError('POSITION_UNKNOWN', `source "${only.name}"`);
  return tokenOf({ source: only.name, history: resume.epoch, position: resume.position });
}
