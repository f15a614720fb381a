import { realRuntime } from '../runtime/real.ts';
import { Tidemark } from '../service.ts';
import { VERSION } from '../service/version.ts';
import type { RunOptions } from './commands/run.ts';
import { safeJson } from './escape.ts';
import { listenOption } from './options.ts';
import { configPath } from './read-config-file.ts';
import { shellLog } from './log-lines.ts';
import { reportFindings } from './report.ts';
import { serve } from './serve.ts';
import type { Shell } from './shell.ts';
import { startLine } from './start-line.ts';

/** A daemon of a configuration file, until a signal ends it. */
export async function runDaemon(options: RunOptions, shell: Shell): Promise<void> {
  const listen = options.listen === undefined ? null : listenOption(options.listen);
  const runtime = realRuntime({ log: shellLog(shell, options.logLevel) });
  const tide = await Tidemark.start({ config: configPath(options.config, shell), env: shell.env, runtime });
  const { server } = tide.config;
  await serve(
    {
      tide,
      runtime,
      host: listen?.host ?? server.host,
      port: listen?.port ?? server.port,
      adminToken: server.adminToken,
      onListening: (url) => {
        shell.out(startLine({ config: tide.config, url, version: VERSION }, options.json === true, shell.paintOut));
      },
      onFindings: (findings) => {
        shell.err(
          shell.liveErr
            ? reportFindings(findings, shell, shell.paintErr)
            : findings.map((finding) => `${safeJson({ finding })}\n`).join(''),
        );
      },
    },
    shell,
  );
}
