import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../../test/check/kinds.ts';
import { plan } from '../contracts/plan.ts';
import { type Secret } from '../runtime/secret.ts';
import { loadConfig, type LoadedConfig, type LoadOptions } from './load.ts';

const load = (text: string, rest: Partial<LoadOptions> = {}): LoadedConfig => loadConfig({ text, kinds, ...rest });
const codes = ({ findings }: LoadedConfig): string[] => findings.map(({ code }) => code);
const config = (loaded: LoadedConfig): NonNullable<LoadedConfig['config']> => {
  if (!loaded.config) throw new Error(JSON.stringify(loaded.findings));
  return loaded.config;
};

describe('without anything, the configuration', () => {
  it('is the embedded defaults', () => {
    const { journal, server, sources, layers, namespaces, contracts, file } = config(loadConfig({ kinds }));
    expect(journal).toEqual({
      type: 'sqlite',
      options: { path: '.tidemark/journal.db' },
      retentionMs: 7 * 24 * 3_600_000,
    });
    expect(server).toEqual({ host: '127.0.0.1', port: 4100, maxStreams: 500 });
    expect([...sources]).toEqual([['app', { type: 'http', options: { max_batch: 10 } }]]);
    expect(layers).toEqual([{ name: 'local', type: 'memory', options: {} }]);
    expect([namespaces.size, contracts.contracts.length, file]).toEqual([0, 0, null]);
  });

  it('is the same for an empty file, one of comments and an empty object', () => {
    const defaults = JSON.stringify(config(loadConfig({ kinds })));
    for (const text of ['', '\n', '# nothing\n', '---\n', '{}'])
      expect(JSON.stringify(config(load(text)))).toBe(defaults);
    expect(JSON.stringify(config(loadConfig({ object: {}, kinds })))).toBe(defaults);
  });
});

const WHOLE = `version: 1
journal:   { type: sqlite, path: .tidemark/journal.db, retention: 7d }   # memory | sqlite | nats
server:    { listen: 127.0.0.1:4100, admin_token: \${TIDEMARK_ADMIN_TOKEN} }
sources:
  shop-db:  { type: postgres, url: \${DATABASE_URL}, tables: { public.products: product, public.product_categories: membership } }
  github:   { type: webhook, secret: \${GITHUB_SECRET} }
  app:      { type: http }                     # CloudEvents over HTTP, and emit() in process
layers:                                        # innermost first: the order of application
  local:    { type: memory, max_entries: 100000 }
  edge:     { type: varnish, url: http://127.0.0.1:6081 }
namespaces:
  product:  { ttl: 10m, max_staleness: 2s, when_uncertain: bypass, sources: [shop-db] }
projections:
  category-membership: { url: http://127.0.0.1:3000/internal/refresh, debounce: 200ms }   # or a function in the library
event_invalidation:
  trigger: product.updated
  actions:
    - delete_key: product:{product_id}
    - purge_tag: product-{product_id}
    - refresh_projection: category-membership
`;
const ENV = { TIDEMARK_ADMIN_TOKEN: 'token-canary', DATABASE_URL: 'postgres://127.0.0.1/shop', GITHUB_SECRET: '0123' };

describe('a configuration', () => {
  it('is read whole', () => {
    const loaded = config(load(WHOLE, { env: ENV }));
    expect([...loaded.sources.keys()]).toEqual(['shop-db', 'github', 'app']);
    expect(loaded.layers.map(({ name }) => name)).toEqual(['local', 'edge']);
    expect(loaded.namespaces.get('product')).toEqual({
      name: 'product',
      ttlMs: 600_000,
      jitter: 0.1,
      maxStalenessMs: 2_000,
      whenUncertain: 'bypass',
      loadWaitMs: 2_000,
      whenLoadWaits: 'load',
      sources: ['shop-db'],
    });
    expect(loaded.projections.get('category-membership')).toEqual({
      name: 'category-membership',
      url: 'http://127.0.0.1:3000/internal/refresh',
      headers: {},
      allow: [],
      debounceMs: 200,
      timeoutMs: 10_000,
      attempts: 5,
    });
    expect(loaded.server.adminToken?.reveal()).toBe('token-canary');
    expect(`${JSON.stringify(loaded.server)} ${inspect(loaded.server)}`).not.toContain('token-canary');
    // A text that looks like a number stays the text that it is.
    const { secret } = loaded.sources.get('github')?.options as { secret: Secret };
    expect(secret.reveal()).toBe('0123');
    expect(
      plan(loaded.contracts, { id: '1', type: 'product.updated', source: 'app', data: { product_id: 42 } }).actions,
    ).toHaveLength(3);
  });

  it('takes names for the Host header, and nothing that a Host header cannot have', () => {
    const server = (hosts: string): LoadedConfig => load(`server: { allowed_hosts: ${hosts} }`);
    expect(config(server('[tidemark.internal, cache]')).server.allowedHosts).toEqual(['tidemark.internal', 'cache']);
    for (const wrong of ['https://a', 'a:80', '"*.a"', '"*"', 'a b', '""', '".a"']) {
      const { findings } = server(`[fine.example, ${wrong}]`);
      expect(findings.map(({ severity, what }) => `${severity} ${what}`)).toEqual([
        expect.stringContaining('allowed_hosts') as string,
      ]);
    }
    expect(server('[]').config).toBeNull();
  });

  it('keeps the order of layers, which is the order of application', () => {
    const names = ['z', 'a', 'm', 'b'];
    const text = `layers: { ${names.map((name) => `${name}: { type: memory }`).join(', ')} }`;
    expect(config(load(text)).layers.map(({ name }) => name)).toEqual(names);
  });

  it('always has a source for events from programs, under a name that is free', () => {
    const names = (text: string): string[] => [...config(load(text)).sources.keys()];
    const webhook = (name: string): string => `${name}: { type: webhook, secret: s }`;
    expect(names(`sources: { ${webhook('hook')} }`)).toEqual(['hook', 'app']);
    expect(names(`sources: { ${webhook('app')} }`)).toEqual(['app', 'http']);
    expect(names(`sources: { mine: { type: http } }`)).toEqual(['mine']);
  });

  it('takes numbers and truth values from the environment, but for quoted texts', () => {
    const text = 'layers: { local: { type: memory, max_entries: ${MANY} } }\nserver: { listen: ${PORT} }';
    const loaded = config(load(text, { env: { MANY: '12', PORT: '8080' } }));
    expect(loaded.layers[0]?.options).toEqual({ max_entries: 12 });
    expect(loaded.server.port).toBe(8080);
    expect(codes(load('layers: { local: { type: memory, max_entries: "${MANY}" } }', { env: { MANY: '12' } }))).toEqual(
      ['TYPE_WRONG'],
    );
  });

  it('given as an object is the same as its file', () => {
    const object = {
      namespaces: { product: { ttl: 600_000, sources: undefined } },
      layers: { local: { type: 'memory', max_entries: 5 } },
      contracts: [{ trigger: 'product.updated', actions: [{ delete_key: 'product:{product_id}' }] }],
    };
    const text =
      'namespaces: { product: { ttl: 10m } }\nlayers: { local: { type: memory, max_entries: 5 } }\ncontracts: [{ trigger: product.updated, actions: [{ delete_key: "product:{product_id}" }] }]';
    const one = config(loadConfig({ object, kinds }));
    const other = config(load(text));
    expect(one.contracts.hash).toBe(other.contracts.hash);
    expect([one.namespaces, one.layers, one.sources]).toEqual([other.namespaces, other.layers, other.sources]);
  });

  it('given as an object takes data only', () => {
    const circle: Record<string, unknown> = {};
    circle['layers'] = circle;
    for (const object of [
      { layers: () => 1 },
      { namespaces: new Map() },
      { server: { listen: Symbol('x') } },
      circle,
      5,
      'text',
      [1],
    ])
      expect(loadConfig({ object, kinds }).config).toBeNull();
  });

  it('needs no projection that the program gives as a function', () => {
    const text = 'event_invalidation: { trigger: a, actions: [{ refresh_projection: p }] }';
    expect(codes(load(text))).toEqual(['PROJECTION_UNKNOWN']);
    expect(codes(load(text, { projections: ['p'] }))).toEqual([]);
  });

  it('reached by others needs a token', () => {
    expect(codes(load('server: { listen: 0.0.0.0:4100 }'))).toEqual(['LISTEN_PUBLIC_WITHOUT_TOKEN']);
    expect(codes(load('server: { listen: "[::]:4100", admin_token: t }'))).toEqual([]);
  });

  it('does not put variables into contracts, whose braces are templates', () => {
    const loaded = config(
      load('contracts: [{ trigger: a, actions: [{ purge_tag: "t-${HOME}" }] }]', { env: { HOME: 'here' } }),
    );
    expect(loaded.contracts.contracts[0]?.actions[0]?.template).toBe('t-${HOME}');
  });

  it('says what follows from a missing variable once', () => {
    expect(codes(load(WHOLE, { env: { ...ENV, GITHUB_SECRET: undefined } }))).toEqual(['ENV_MISSING']);
  });

  it('says of a whole language of mistakes all at once', () => {
    const loaded = load(
      'sources: { a: { type: x } }\nlayers: { b: { type: y } }\nnamespaces: { c: {} }\ncontracts: [../d]\nevent_invalidation: { trigger: a, source: e }\n',
    );
    expect(codes(loaded)).toEqual([
      'KIND_UNKNOWN',
      'KIND_UNKNOWN',
      'NAMESPACE_TTL_MISSING',
      'CONTRACTS_PATH',
      'KEY_MISSING',
    ]);
  });
});

describe('files', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-load-'));
    mkdirSync(join(folder, 'contracts'));
    writeFileSync(
      join(folder, 'tidemark.yaml'),
      "namespaces: { product: { ttl: 1m } }\ncontracts: ['contracts/*.yaml', '*.yaml']\n",
    );
    writeFileSync(
      join(folder, 'contracts', 'b.yaml'),
      'event_invalidation: { trigger: b, actions: [{ purge_tag: b }] }',
    );
    writeFileSync(
      join(folder, 'contracts', 'a.yaml'),
      '\uFEFFevent_invalidation: { trigger: a, actions: [{ purge_tag: a }] }',
    );
    writeFileSync(
      join(folder, 'contracts', 'a.test.yaml'),
      'tests: [{ event: { type: a }, expect: [{ purge_tag: a }] }]',
    );
    writeFileSync(join(folder, 'wrong.yml'), 'contracts: [gone.yaml]');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('of contracts are found below the configuration, in the order of their names, tests beside them', () => {
    const loaded = loadConfig({ file: join(folder, 'tidemark.yaml'), kinds });
    // `*.yaml` does not mean the configuration itself, and then names nothing.
    expect(codes(loaded)).toEqual(['CONTRACTS_NOT_FOUND']);
    const good = loadConfig({ text: 'contracts: contracts/*.yaml', baseDir: folder, kinds });
    expect(config(good).contracts.contracts.map(({ file, name }) => [file, name])).toEqual([
      ['contracts/a.yaml', 'a'],
      ['contracts/b.yaml', 'b'],
    ]);
    expect(good.tests.map(({ file }) => file)).toEqual(['contracts/a.test.yaml']);
    expect(config(good).baseDir).toBe(folder);
  });

  it('are named as the person who named the configuration would name them', () => {
    const file = join(folder, 'wrong.yml');
    const [finding] = loadConfig({ file, kinds }).findings;
    expect(finding).toMatchObject({ code: 'CONTRACTS_NOT_FOUND', file, line: 1, column: 13 });
  });

  it('that are not there are a finding, not a crash', () => {
    const file = join(folder, 'none.yaml');
    expect(loadConfig({ file, kinds })).toMatchObject({
      config: null,
      findings: [{ code: 'CONFIG_UNREADABLE', file }],
    });
    expect(codes(loadConfig({ file: folder, kinds }))).toEqual(['CONFIG_UNREADABLE']);
  });

  it('can be read by another hand', () => {
    const read: string[] = [];
    const readFile = (path: string): string => {
      read.push(path.slice(folder.length + 1));
      return 'event_invalidation: { trigger: x, actions: [{ purge_tag: x }] }';
    };
    loadConfig({ text: 'contracts: contracts/b.yaml', baseDir: folder, kinds, readFile });
    expect(read).toEqual(['contracts/b.yaml']);
  });
});
