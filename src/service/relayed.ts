import type { RelayWord, Relays } from '../journal/relays.ts';
import { MEMBER_BEAT_MS } from '../journal/relays.ts';
import type { Offset } from '../model/position.ts';
import { HeardProofs } from '../pipeline/heard-proofs.ts';
import { answerTo } from './answers.ts';
import type { Engine } from './engine.ts';
import { hearMember } from './fed-members.ts';
import { helloOf } from './feed-out.ts';

/** What this relay has applied it says at once, for those who wait for it; much at once is one word. */
const SAY_AGAIN_MS = 50;

/** What this relay has to do with the others, beside the journal itself. Resolves when the engine closes. */
export async function joinRelays(engine: Engine, relays: Relays): Promise<void> {
  const { closing, runtime, settlement } = engine;
  const { signal } = closing;
  const { clock } = runtime;
  relays.answer({
    clock: engine.clockId,
    now: () => clock.mono(),
    hello: (from) => helloOf(engine, from),
    ask: (what, body) => answerTo(engine, what, body),
  });
  const heard = new HeardProofs({ relays, runtime }, (proof) => {
    engine.prove(proof);
  });
  const deaf = relays.hear((word) => {
    if (word.kind === 'proof') heard.hear(word);
    else if (word.kind === 'left') engine.elsewhere.leave(word.id);
    else {
      for (const [layer, at] of shared(engine, word)) settlement.advance(layer, at);
      hearMember(engine, word.member);
    }
  });
  const asking = heard.run(signal);
  while (!signal.aborted) {
    const told = engine.memory.store.watermark;
    relays.say({ kind: 'member', member: memberOf(engine, relays.self) });
    await clock.sleep(SAY_AGAIN_MS, signal);
    const isBehind = (): boolean => engine.memory.store.watermark > told;
    await engine.progress.until(isBehind, MEMBER_BEAT_MS - SAY_AGAIN_MS, { clock, closing: signal });
  }
  relays.say({ kind: 'left', id: relays.self });
  deaf();
  await asking;
}

type MemberWord = Extract<RelayWord, { kind: 'member' }>;

function memberOf(engine: Engine, id: string): MemberWord['member'] {
  const ours = engine.layers.filter(({ layer }) => engine.works.get(`layer:${layer.name}`)?.isOurs !== false);
  const watermarks = ours.map(({ layer }) => [layer.name, engine.settlement.watermark(layer.name)]);
  return { id, name: id, role: 'relay', watermarks: Object.fromEntries(watermarks) as Record<string, Offset> };
}

/** Of the layers that all relays share, how far they are: of its own memory each says it for itself. */
function shared(engine: Engine, { member }: MemberWord): [string, Offset][] {
  return engine.layers.flatMap(({ layer }): [string, Offset][] => {
    const at = member.watermarks[layer.name];
    return layer.resume !== undefined && at !== undefined ? [[layer.name, at]] : [];
  });
}
