import { Command } from 'commander';
import type { InvalidationMessage } from '../../operations.ts';
import { deliver } from '../accepted.ts';
import { UsageError } from '../exit.ts';
import { daemonOf, examples, several, withDaemon, type DaemonOptions } from '../options.ts';
import type { Shell } from '../shell.ts';

interface InvalidateOptions extends DaemonOptions {
  readonly key?: readonly string[];
  readonly tag?: readonly string[];
  readonly purgeNamespace?: readonly string[];
  readonly purgeUrl?: readonly string[];
  readonly namespace?: string;
  readonly soft?: boolean;
  readonly reason?: string;
  readonly wait?: boolean;
}

export function invalidate(shell: Shell): Command {
  return withDaemon(
    new Command('invalidate')
      .summary('end the trust of keys, tags or a namespace now')
      .description(
        'Sends an explicit invalidation message. It goes through the journal like any event: durable and replayable.',
      )
      .option('-k, --key <key>', 'a key (repeatable)', several)
      .option('-g, --tag <tag>', 'a tag (repeatable)', several)
      .option('--purge-namespace <name>', 'everything in a namespace (repeatable)', several)
      .option('--purge-url <url>', 'a URL in HTTP caches (repeatable)', several)
      .option('-n, --namespace <name>', 'only where this namespace holds the keys and tags')
      .option('--soft', 'expire instead of delete: may be served within its bound while it refreshes')
      .option('--reason <text>', 'why, for the journal')
      .option('--wait', 'return once every layer and process has applied it; 1 when one has not')
      .addHelpText(
        'after',
        examples([
          ['tidemark invalidate --key product:42', 'one entry, in whichever namespace holds it'],
          ['tidemark invalidate --tag product-42 --tag shop', 'everything with one of these tags'],
        ]),
      )
      .action(async (options: InvalidateOptions) => {
        const { key: keys = [], tag: tags = [], purgeNamespace: namespaces = [], purgeUrl: urls = [] } = options;
        if (keys.length + tags.length + namespaces.length + urls.length === 0) {
          throw new UsageError(
            'nothing to invalidate',
            'name at least one --key, --tag, --purge-namespace or --purge-url',
          );
        }
        const message: InvalidationMessage = {
          ...(keys.length > 0 ? { keys } : {}),
          ...(tags.length > 0 ? { tags } : {}),
          ...(namespaces.length > 0 ? { namespaces } : {}),
          ...(urls.length > 0 ? { urls } : {}),
          ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
          ...(options.soft === undefined ? {} : { soft: options.soft }),
          ...(options.reason === undefined ? {} : { reason: options.reason }),
        };
        const { json = false, wait = false } = options;
        await deliver(daemonOf(options, shell), '/v1/invalidations', { body: message, wait, json }, shell);
      }),
  );
}
