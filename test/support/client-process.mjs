// An application process that caches `product:1` through `tidemark/client` and answers its parent: `{ load }` is what the source holds now,
// `{ close }` ends it. Arguments: the built entry of the client, the daemon's URL, its name.
const [entry, url, name] = process.argv.slice(2);
const { connect } = await import(entry);
const tide = await connect({ url, name });
const products = tide.cache('product');
process.on('message', async ({ load, close }) => {
  if (close) {
    await tide.close();
    process.disconnect();
  } else process.send(await products.getOrSet({ key: 'product:1', factory: () => load }));
});
process.once('disconnect', () => process.exit());
process.send('connected');
