// Question: what does trust cost? A hit with three tags under `max_staleness`, with all its checks, held against the same
// without them, and against what else a program could call. Method: warm keys, drawn by a zipf law, in slices that take
// turns within one run; per round the median of a side's slices, over all the median, the least and the 90th percentile
// of the rounds; differences and ratios within a round. The same side twice ("again") gives the noise of the run.
// Processor time, not wall time: the firmer number where something else runs. Memory in a process of its own: what is
// kept of an entry beyond its value, and what a hit allocates.
//
//   node scripts/bench.mjs trust [rounds] [keys]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { machine, versionOf } from './support.ts';
import { memory, MEMORY_FLAGS } from './trust/memory.ts';
import { EXPONENT, times } from './trust/times.ts';

/** Of the memory of hits, to those of a key. */
const HITS_A_KEY = 10;

const [, script = '', first = '25', sizeText = '100000'] = process.argv;
const size = Number(sizeText);

if (first === 'memory') {
  process.send?.(await memory(size, HITS_A_KEY * size));
} else {
  const rounds = Number(first);
  console.log(
    `hits on ${sizeText} warm keys, zipf ${String(EXPONENT)}; median (least to 90th percentile) of ${String(rounds)} rounds\n${machine()}; lru-cache ${versionOf('lru-cache')}`,
  );
  console.table(await times(rounds, size));
  const child = fork(script, ['memory', sizeText], { execArgv: MEMORY_FLAGS });
  const [bytes] = (await once(child, 'message')) as [Record<string, string>];
  console.log(`bytes an entry, of ${sizeText}; bytes a hit, of ${String(HITS_A_KEY * size)}`);
  console.table(bytes);
}
