// Goal: real payloads end the trust of exactly the right entries. Method: every example of `@octokit/webhooks-examples`,
// signed as GitHub signs, over HTTP to the real service with examples/contracts/github.yaml; before each one every
// entry is cached, after it exactly those are gone that this file works out by itself.
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sign } from '@octokit/webhooks-methods';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileContracts } from '../../src/contracts/compile.ts';
import { parseContracts } from '../../src/contracts/parse.ts';
import { plan } from '../../src/contracts/plan.ts';
import { runContractTests } from '../../src/contracts/run-tests.ts';
import { createServer } from '../../src/http/server.ts';
import type { ChangeEvent } from '../../src/model/event.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { virtualRuntime } from '../../src/runtime/virtual.ts';
import { Tidemark } from '../../src/service.ts';
import type { Receiver, Received } from '../../src/sources/source.ts';
import { webhookSource } from '../../src/sources/webhook/index.ts';
import { githubExamples, type GithubExample } from '../support/github-examples.ts';
import { callerOf, type Answer } from '../support/http-server.ts';

const SECRET = 'It is a secret to everybody';
const OLD_SECRET = 'It was a secret to everybody';
const SECRETS = [SECRET, { secret: OLD_SECRET, until: '2020-01-01' }];
const FILE = join(import.meta.dirname, '..', '..', 'examples', 'contracts', 'github.yaml');

const examples = githubExamples();
const typeOf = ({ event, payload }: GithubExample): string => [event, payload.action].filter(Boolean).join('.');

/** What each example must end, worked out from the payload without the contract. */
function ends({ event, payload }: GithubExample): readonly string[] {
  const { action, repository, issue, pull_request: pull, changes } = payload;
  const targets: string[] = [];
  if (!repository) return targets;
  const { full_name: full, id } = repository;
  if (['repository', 'public', 'push', 'star'].includes(event)) targets.push(`repo:${full}`, `repository-${id}`);
  if (event === 'repository' && action === 'renamed')
    targets.push(`repo:${repository.owner.login}/${changes!.repository!.name!.from}`);
  if (event === 'repository' && action === 'transferred') {
    const { user, organization } = changes!.owner!.from;
    targets.push(`repo:${(user ?? organization)!.login}/${repository.name}`);
  }
  if (event === 'issues' || event === 'issue_comment')
    targets.push(`issue:${full}#${issue!.number}`, `issues-of-${id}`);
  if (event === 'issues' && action === 'transferred') {
    const to = changes!.new_repository!;
    targets.push(`issue:${to.full_name}#${changes!.new_issue!.number}`, `issues-of-${to.id}`);
  }
  if (/^pull_request(_review|_review_comment|_review_thread)?$/.test(event))
    targets.push(`pull:${full}#${pull!.number}`, `pulls-of-${id}`);
  if (event === 'issue_comment' && issue!.pull_request) targets.push(`pull:${full}#${issue!.number}`);
  return [...new Set(targets)].sort();
}

interface Sent {
  readonly raw: string;
  readonly headers: Record<string, string>;
}

async function delivery(example: GithubExample, secret = SECRET, raw = JSON.stringify(example.payload)): Promise<Sent> {
  return {
    raw,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-github-event': example.event,
      'x-github-delivery': example.delivery,
      'x-hub-signature-256': await sign(secret, raw),
    },
  };
}

/** What must not pass, by what is wrong with it. */
async function forgeries(example: GithubExample): Promise<readonly Sent[]> {
  const fine = await delivery(example);
  return [
    await delivery(example, 'a guess'),
    await delivery(example, OLD_SECRET),
    { ...fine, raw: fine.raw.slice(0, Math.floor(fine.raw.length * 0.7)) },
    { ...fine, raw: fine.raw.replace(/\d/, (digit) => String((Number(digit) + 1) % 10)) },
    { ...fine, raw: `${fine.raw}\n` },
    { ...fine, headers: { ...fine.headers, 'x-hub-signature-256': 'sha256=' } },
  ];
}

/** Cut short before it was signed: authentic and unreadable, which the sender has to see. */
function truncated(example: GithubExample): Promise<Sent> {
  const raw = JSON.stringify(example.payload);
  return delivery(example, SECRET, raw.slice(0, Math.floor(raw.length * 0.7)));
}

describe('the contract in examples/', () => {
  const parsed = parseContracts(readFileSync(FILE, 'utf8'), 'github.yaml');
  const contracts = compileContracts(parsed.contracts);

  test('has no findings, and its own tests hold and cover it', () => {
    expect(parsed.findings).toEqual([]);
    const report = runContractTests(contracts, parsed.tests);
    expect(report.results.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.uncovered).toEqual([]);
  });

  const options = webhookSource.options.parse({ scheme: 'github', secrets: SECRETS });
  const runtime = virtualRuntime();
  const context = { name: 'github', runtime, columns: new Map(), baseDir: '.' };
  const receiver: Receiver = webhookSource.receiver!(context, options);
  const receive = ({ raw, headers }: Sent): Received =>
    receiver.receive({ method: 'POST', path: '/', headers, body: Buffer.from(raw), now: runtime.clock.now() });

  test('plans for every example, received and verified, exactly what it must end', async () => {
    const ids = new Set<string>();
    for (const example of examples) {
      const received = receive(await delivery(example));
      if (!received.ok) throw new Error(`${example.delivery}: ${received.code} ${received.message}`);
      const event: ChangeEvent = received.events[0]!;
      expect(event).toMatchObject({ type: typeOf(example), source: 'github' });
      expect(event.data).toEqual(example.payload);
      const { actions, problems } = plan(contracts, event);
      expect(problems).toEqual([]);
      expect([example.delivery, actions.map(({ target }) => target).sort()]).toEqual([example.delivery, ends(example)]);
      ids.add(event.id);
    }
    expect(ids.size).toBe(examples.length);
  });

  test('never sees what was forged, signed with a past secret, changed or truncated', async () => {
    let refused = 0;
    for (const example of examples) {
      for (const forgery of await forgeries(example)) {
        expect([example.delivery, receive(forgery)]).toMatchObject([example.delivery, { ok: false, status: 401 }]);
        refused++;
      }
      expect(receive(await truncated(example))).toMatchObject({ ok: false, status: 400, code: 'JSON_SYNTAX' });
      refused++;
    }
    process.stdout.write(`github examples: ${refused} forged, past, changed or truncated ones refused\n`);
  });
});

describe('the real service over HTTP', () => {
  let folder: string;
  let tide: Tidemark;
  let call: ReturnType<typeof callerOf>;
  let close: () => Promise<void>;

  const start = async (): Promise<void> => {
    const runtime = realRuntime();
    tide = await Tidemark.start({
      runtime,
      cwd: folder,
      config: {
        version: 1,
        journal: { type: 'sqlite', path: join(folder, 'journal.db') },
        sources: { github: { type: 'webhook', scheme: 'github', secrets: SECRETS } },
        namespaces: { github: { ttl: '1h' } },
        contracts: ['github.yaml'],
      },
    });
    const server = await createServer(tide, { runtime, host: '127.0.0.1', port: 0 });
    call = callerOf((await server.listen()).url);
    close = async () => {
      await server.close();
      await tide.close();
    };
  };
  const post = (sent: Sent, wait = ''): Promise<Answer> => call('POST', `/v1/webhooks/github${wait}`, sent);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-github-'));
    await copyFile(FILE, join(folder, 'github.yaml'));
    await start();
  });
  afterAll(async () => {
    await close();
    await rm(folder, { recursive: true, force: true });
  });

  // A key per name, and per tag an entry that only carries the tag.
  const universe = [...new Set(examples.flatMap(ends)), 'repo:somebody/else', 'issue:somebody/else#1', 'repository-0'];
  const isTag = (target: string): boolean => !target.includes(':');
  const keyOf = (target: string): string => (isTag(target) ? `page of ${target}` : target);

  test('each example ends exactly what it must', { timeout: 120_000 }, async () => {
    const cache = tide.cache<string>('github');
    let ended = 0;
    for (const example of examples) {
      for (const target of universe) {
        const key = keyOf(target);
        if (cache.peek(key) === undefined)
          await cache.set({ key, value: 'cached', tags: isTag(target) ? [target] : [] });
      }
      const answer = await post(await delivery(example), '?wait=all');
      expect([example.delivery, answer.status, answer.json.duplicate]).toEqual([example.delivery, 200, false]);
      const gone = universe.filter((target) => cache.peek(keyOf(target)) === undefined);
      expect([example.delivery, gone.sort()]).toEqual([example.delivery, ends(example)]);
      ended += gone.length;
    }
    expect(tide.head).toBe(examples.length);
    expect(tide.status().deadLetters).toBe(0);
    const acted = examples.filter((example) => ends(example).length > 0).length;
    process.stdout.write(
      `github examples: ${examples.length} accepted, ${acted} of them for repositories, issues and pull requests, ` +
        `${ended} of ${examples.length * universe.length} entries ended, none wrongly\n`,
    );
  });

  test(
    'each example that is replayed is answered 2xx and has no effect, also after a restart',
    { timeout: 120_000 },
    async () => {
      const head = tide.head;
      const again = async (part: 0 | 1): Promise<void> => {
        const sent = examples.filter((_, i) => i % 2 === part);
        const answers = await Promise.all(sent.map(async (example) => post(await delivery(example))));
        const seen = answers.map(({ status, json }, i) => [sent[i]!.delivery, status, json.duplicate]);
        expect(seen).toEqual(sent.map((example) => [example.delivery, 202, true]));
      };
      await again(0);
      await close();
      await start();
      await again(1);
      expect(tide.head).toBe(head);
    },
  );

  test('each example is refused in each way that it is wrong, in the same words', { timeout: 120_000 }, async () => {
    const head = tide.head;
    const answers = new Set<string>();
    for (const [i, example] of examples.entries()) {
      const wrong = await forgeries(example);
      const [forged, cut] = await Promise.all([post(wrong[i % wrong.length]!), post(await truncated(example))]);
      expect([example.delivery, forged.status, cut.status, cut.code]).toEqual([
        example.delivery,
        401,
        400,
        'JSON_SYNTAX',
      ]);
      answers.add(JSON.stringify(forged.json.error));
    }
    expect(answers.size).toBe(1);
    expect([...answers][0]).not.toContain(SECRET);
    expect(tide.head).toBe(head);
  });

  test('a captured delivery cannot take the place of the next one, and under a made-up id it only invalidates again', async () => {
    const [captured, next] = examples.filter(({ event }) => event === 'issues');
    const head = tide.head;
    const fine = await delivery(captured!);
    const under = (id: string, event = 'issues'): Sent => ({
      ...fine,
      headers: { ...fine.headers, 'x-github-delivery': id, 'x-github-event': event },
    });
    expect((await post(under('d-next'))).json).toMatchObject({ duplicate: false });
    const honest = await delivery({ ...next!, delivery: 'd-next' });
    expect((await post(honest)).json).toMatchObject({ duplicate: false });
    expect((await post(under('d-other', 'ping'))).json).toMatchObject({ duplicate: false });
    expect((await post(under('d-other'))).json).toMatchObject({ duplicate: false });
    expect(tide.head).toBe(head + 4);
  });
});
