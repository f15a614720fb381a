/** The shop's configuration, as anyone would write it. `npm start` puts it on disk and the page shows it. */
export function configText(listen: string): string {
  return `version: 1
journal: { type: sqlite, path: journal.db }
server: { listen: "${listen}" }
sources:
  # The shop writes a row into this table in the same transaction as each change.
  shop: { type: outbox, path: shop.db, table: outbox, create: false }
  app: { type: http }
layers:
  local: { type: memory }
namespaces:
  product: { ttl: 10m, max_staleness: 2s, sources: [shop] }
projections:
  category-membership: { debounce: 100ms }
contracts: [contracts/*.yaml]
`;
}

export const CONTRACT_TEXT = `event_invalidation:
  trigger: product.updated
  actions:
    - delete_key: product:{product_id}
    - purge_tag: product-{product_id}
    - refresh_projection: category-membership
`;
