// docs/reference.md from the lists in the code. Pure: the lists are arguments, so the test that finds it stale can give
// those of the sources and the script those of the build.

const table = (head, rows) => [
  `| ${head.join(' | ')} |`,
  `| ${head.map(() => '---').join(' | ')} |`,
  ...rows.map(
    (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`,
  ),
];

/** The type of an option in a few words, as someone who writes YAML thinks of it. */
function typeOf(schema) {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(' or ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map(typeOf))].join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  if (schema.type === 'object')
    return schema.additionalProperties ? `map to ${typeOf(schema.additionalProperties)}` : 'map';
  return schema.type ?? 'anything';
}

function options(schema) {
  const variants = schema.properties ? [schema] : (schema.anyOf ?? schema.oneOf ?? []);
  const rows = new Map();
  for (const { properties = {}, required = [] } of variants) {
    for (const [name, option] of Object.entries(properties)) {
      const fallback = required.includes(name)
        ? 'required'
        : option.default === undefined
          ? ''
          : `\`${JSON.stringify(option.default)}\``;
      rows.set(name, [`\`${name}\``, typeOf(option), fallback, option.description ?? '']);
    }
  }
  return rows.size > 0 ? ['', ...table(['option', 'type', 'default', 'what'], [...rows.values()])] : [];
}

const CAN = { order: 'in upstream’s order', replay: 'reads missed history again', prove: 'holds `max_staleness`' };

const capabilities = (kind) =>
  kind.can && !(kind.can instanceof Set)
    ? [
        '',
        Object.entries(CAN)
          .map(([name, words]) => `${words}: **${kind.can[name] ? 'yes' : 'no'}**`)
          .join(' · '),
      ]
    : [];

const kinds = (title, intro, list, jsonSchema) => [
  `## ${title}`,
  '',
  intro,
  ...list.flatMap((kind) => [
    '',
    `### \`${kind.type}\``,
    '',
    kind.summary,
    ...capabilities(kind),
    ...options(jsonSchema(kind.options)),
  ]),
  '',
];

/** Parts of the configuration that every installation has, whatever kinds it uses. */
function settings({ properties: { server, namespaces, projections, auditor } }) {
  const part = (name, { description }, shape) => ['', `### \`${name}\``, '', description ?? '', ...options(shape)];
  return [
    '## Settings',
    ...part('server', server, server),
    ...part('namespaces', namespaces, namespaces.additionalProperties),
    ...part('projections', projections, projections.additionalProperties),
    ...part('auditor', auditor, auditor),
    '',
  ];
}

export async function reference({ config, jsonSchema, sources, journals, layers, errors, metrics }) {
  const metricRows = (await metrics.registry.getMetricsAsJSON())
    .map(({ name, type, help }) => [`\`${name}\``, type, help])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const errorRows = Object.entries(errors)
    .map(([code, { sentence, hint, reaction }]) => [`\`${code}\``, sentence, hint, reaction])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    '<!-- Written by `npm run generate` from the lists in the code. A test fails when it is stale. -->',
    '',
    '# Reference',
    '',
    ...kinds('Sources', 'Under `sources:`, each with a name of your choice and a `type`.', sources, jsonSchema),
    ...kinds('Layers', 'Under `layers:`, innermost first.', layers, jsonSchema),
    ...kinds(
      'Journals',
      'Under `journal:`; beside these options, `retention` says for how long entries are kept.',
      journals,
      jsonSchema,
    ),
    ...settings(jsonSchema(config)),
    '## Errors',
    '',
    'What happens next: **retry** tries again by itself, **resync** widens and starts again at the head, **reject** refuses this',
    'input and goes on, **halt** waits until a person has changed something.',
    '',
    ...table(['code', 'what', 'what to do', 'what happens next'], errorRows),
    '',
    '## Metrics',
    '',
    'At `/metrics`, for Prometheus. Labels come from the configuration, never from events.',
    '',
    ...table(['name', 'type', 'what'], metricRows),
    '',
  ].join('\n');
}
