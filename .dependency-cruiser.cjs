// The walls of ARCHITECTURE.md. Imports go down only; each rule lists what a folder may see, so a new folder is seen by nobody.
const below = (...folders) => `^src/(${folders.join('|')})/|^src/(errors|tidemark-error)\\.ts$`;
const npm = 'node_modules/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'At run time. A function in a file of its own may name the type of what it serves.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'model-sees-nothing',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { pathNot: '^src/model/' },
    },
    {
      name: 'pure-folders-see-the-model',
      comment:
        'No node:, no driver. The three libraries are pure functions of text and serve the parse side of contracts.',
      severity: 'error',
      from: { path: '^src/(contracts|trust)/' },
      to: { pathNot: `${below('model', '$1')}|${npm}(yaml|zod|fastest-levenshtein)/` },
    },
    {
      name: 'runtime-sees-the-model',
      severity: 'error',
      from: { path: '^src/runtime/' },
      to: { path: '^src/', pathNot: below('model', 'runtime') },
    },
    {
      name: 'edges-never-see-each-other',
      severity: 'error',
      from: { path: '^src/(sources|journal|layers)/' },
      to: { path: '^src/', pathNot: below('model', 'trust', 'runtime', '$1') },
    },
    {
      name: 'pipeline-knows-seams-never-drivers',
      severity: 'error',
      from: { path: '^src/pipeline/' },
      to: {
        path: '^src/',
        pathNot: `${below('model', 'contracts', 'trust', 'runtime', 'pipeline')}|^src/(sources/source|journal/journal|journal/relays|layers/layer|config/config|operations)\\.ts$`,
      },
    },
    {
      name: 'audit-looks-at-the-store-and-the-journal',
      comment: "The auditor is of the process's own memory; it knows no source, no client and no other layer.",
      severity: 'error',
      from: { path: '^src/audit/' },
      to: {
        path: '^src/',
        pathNot: `${below('model', 'contracts', 'trust', 'runtime', 'audit')}|^src/(journal/journal|layers/memory/store|config/config)\\.ts$`,
      },
    },
    {
      name: 'client-drags-in-no-driver',
      severity: 'error',
      from: { path: '^src/client/' },
      to: {
        path: '^src/',
        pathNot: `${below('model', 'trust', 'layers', 'runtime', 'client')}|^src/config/config\\.ts$`,
      },
    },
    {
      name: 'fed-processes-drag-in-no-driver',
      comment:
        'An application takes `tidemark/client` in place of all the rest: no source, no journal, no service, no YAML.',
      severity: 'error',
      from: { path: '^src/remote/', pathNot: '^src/remote/(nats|shared)/' },
      to: {
        path: '^src/',
        pathNot: `${below('model', 'trust', 'client', 'remote')}|^src/layers/(layer|shared|memory/layer|memory/store)\\.ts$|^src/pipeline/(coalesce|open-transactions)\\.ts$|^src/runtime/(system|log|backoff)\\.ts$`,
      },
    },
    {
      name: 'what-a-shared-layer-needs-is-loaded-for-it',
      comment:
        'Whoever has none loads neither its code nor its driver, and whoever has one nothing that applies a journal.',
      severity: 'error',
      from: { path: '^src/remote/shared/' },
      to: {
        path: '^src/',
        pathNot: `${below('model', 'trust', 'client', 'remote')}|^src/layers/(shared|redis/(open-store|connection))\\.ts$`,
      },
    },
    {
      name: 'caches-carry-only-their-own-errors',
      comment: 'The whole table would be a fifth of what an application loads.',
      severity: 'error',
      from: { path: '^src/(client|remote)/' },
      to: { path: '^src/errors\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'what-nats-needs-is-loaded-for-nats',
      comment:
        'Whoever is fed over HTTP loads nothing of it; whoever reads the log knows how it is written, and not the journal.',
      severity: 'error',
      from: { path: '^src/remote/nats/' },
      to: {
        path: '^src/',
        pathNot: `${below('model', 'remote')}|^src/client/parts\\.ts$|^src/journal/(relays|nats/(asking|wire))\\.ts$|^src/pipeline/heard-proofs\\.ts$`,
      },
    },
    {
      name: 'postgres-entry-is-small',
      comment: 'An application takes it beside its own `pg`: no source, no driver, no service.',
      severity: 'error',
      from: { path: '^src/postgres/' },
      to: {
        path: '^src/',
        pathNot: `${below('model', 'postgres')}|^src/client/options\\.ts$|^src/sources/postgres/lsn\\.ts$`,
      },
    },
    {
      name: 'simulator-sits-on-the-service',
      comment: 'It runs what production runs, and no shell.',
      severity: 'error',
      from: { path: '^src/sim/' },
      to: { path: '^src/(http|cli|demo)/|^src/(service|index)\\.ts$' },
    },
    {
      name: 'nothing-but-the-command-line-sees-the-simulator',
      severity: 'error',
      from: { pathNot: '^src/(sim|cli)/' },
      to: { path: '^src/sim/' },
    },
    {
      name: 'demo-is-a-user',
      comment: 'What the demo cannot do with the public API, a user cannot do either.',
      severity: 'error',
      from: { path: '^src/demo/' },
      to: { path: '^src/', pathNot: '^src/(demo|runtime)/|^src/index\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.test\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
