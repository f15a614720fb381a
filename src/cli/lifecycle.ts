import type { Finding } from '../contracts/finding.ts';
import type { Log } from '../runtime/log.ts';
import type { Tidemark } from '../service.ts';
import { EXIT } from './exit.ts';
import { safeJson } from './escape.ts';
import { reportFindings } from './report.ts';
import type { Shell } from './shell.ts';

/**
 * Runs a daemon until a signal ends it. The first SIGTERM or SIGINT lets `end` drain it: requests in flight are
 * answered, what is durable is applied, the journal is closed. A second one ends the process at once, which loses
 * nothing acknowledged either, but leaves the rest to the next start. SIGHUP reads the contracts again.
 */
export async function untilSignalled(
  daemon: { readonly tide: Tidemark; readonly log: Log; readonly end: () => Promise<void> },
  shell: Shell,
): Promise<void> {
  const { tide, log, end } = daemon;
  const offs = [shell.onSignal('SIGHUP', () => void reload(tide, log, shell))];
  try {
    await new Promise<void>((resolve) => {
      let stopping = false;
      const stop = (): void => {
        if (stopping) shell.exitNow(EXIT.findings);
        stopping = true;
        log.info({}, 'draining; a second signal ends at once');
        resolve();
      };
      offs.push(shell.onSignal('SIGTERM', stop), shell.onSignal('SIGINT', stop));
    });
    await end();
    log.info({}, 'drained and closed');
  } finally {
    for (const off of offs) off();
  }
}

async function reload(tide: Tidemark, log: Log, shell: Shell): Promise<void> {
  try {
    const { ok, findings } = await tide.reload();
    if (ok) log.info({ contracts: tide.contracts().length }, 'the contracts are reloaded');
    else log.error({ findings: findings.length }, 'the new contracts are wrong; the old ones stay in force');
    sayFindings(findings, shell);
  } catch (error) {
    // A disk that fails for a moment must not end a daemon that works.
    log.error({ err: error }, 'the contracts could not be reloaded; the old ones stay in force');
  }
}

/** In the form of the log around them. */
function sayFindings(findings: readonly Finding[], shell: Shell): void {
  if (findings.length === 0) return;
  if (shell.liveErr) shell.err(reportFindings(findings, shell, shell.paintErr));
  else for (const finding of findings) shell.err(`${safeJson({ finding })}\n`);
}
