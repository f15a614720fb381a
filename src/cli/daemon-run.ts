import { realRuntime } from '../runtime/real.ts';
import { Tidemark } from '../service.ts';
import { VERSION } from '../service/version.ts';
import { untilSignalled } from './lifecycle.ts';
import { shellLog } from './log-lines.ts';
import type { ListenAt, RunOptions } from './options.ts';
import { openApi, type Served } from './serve.ts';
import type { Shell } from './shell.ts';
import { startLine } from './start-line.ts';

/** The daemon of a configuration file, from its first answer to its last. */
export async function runDaemon(
  file: string,
  options: RunOptions & { readonly at: ListenAt | null },
  shell: Shell,
): Promise<void> {
  const runtime = realRuntime({ log: shellLog(shell, options.logLevel) });
  const tide = await Tidemark.start({ config: file, env: shell.env, runtime });
  let api: Served;
  try {
    api = await openApi(tide, runtime, options.at ?? tide.config.server);
  } catch (error) {
    await tide.close();
    throw error;
  }
  shell.out(startLine({ config: tide.config, url: api.url, version: VERSION }, options.json === true, shell.paintOut));
  const end = async (): Promise<void> => {
    // First the door, so that nothing is accepted which would not be drained.
    await api.close();
    await tide.close();
  };
  await untilSignalled({ tide, log: runtime.log, end }, shell);
}
