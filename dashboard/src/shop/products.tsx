import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { View } from '../../../src/demo/reader.ts';
import type { ShopState } from '../../../src/demo/server.ts';
import { Lamp, Panel, Said } from '../view/text.tsx';
import { clock, span } from '../words.ts';
import type { ShopLive, Shown } from './live.ts';
import { euros } from './money.ts';

export function Products({ shown, shop, live }: { shown: Shown; shop: ShopState; live: ShopLive }): JSX.Element {
  return (
    <Panel
      title="Products, read through the cache"
      aside={
        <label class="tick">
          <input
            type="checkbox"
            checked={shown.reading}
            onChange={(event) => {
              live.keepReading(event.currentTarget.checked);
            }}
          />{' '}
          read all every second
        </label>
      }
    >
      <ul class="products">
        {shop.views.map((view) => (
          <ProductItem key={view.product.id} view={view} shop={shop} live={live} />
        ))}
      </ul>
    </Panel>
  );
}

function ProductItem({ view, shop, live }: { view: View; shop: ShopState; live: ShopLive }): JSX.Element {
  const { product } = view;
  return (
    <li data-product={product.id} class={shop.racing === product.id ? 'racing' : ''}>
      <h3>
        <Said text={product.name} />
        <code>product:{product.id}</code>
      </h3>
      <Editor key={product.priceCents} view={view} shop={shop} live={live} />
      <Read view={view} />
      <Plain view={view} />
    </li>
  );
}

function Editor({ view, shop, live }: { view: View; shop: ShopState; live: ShopLive }): JSX.Element {
  const { product } = view;
  const [price, setPrice] = useState((product.priceCents / 100).toFixed(2));
  const busy = shop.racing === product.id;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const priceCents = Math.round(Number(price) * 100);
        if (Number.isFinite(priceCents)) void live.change(product.id, { priceCents });
      }}
    >
      <input
        type="number"
        step="0.01"
        min="0"
        max="100000"
        required
        aria-label={`Price of ${product.name}`}
        disabled={busy}
        value={price}
        onInput={(event) => {
          setPrice(event.currentTarget.value);
        }}
      />
      <button type="submit" disabled={busy} aria-label={`Save the price of ${product.name}`}>
        Save
      </button>
      <select
        aria-label={`Category of ${product.name}`}
        disabled={busy}
        value={product.category}
        onChange={(event) => {
          void live.change(product.id, { category: event.currentTarget.value });
        }}
      >
        {shop.categories.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </form>
  );
}

function Read({ view }: { view: View }): JSX.Element {
  const { product, hit, layer, maxAgeMs, reason, tookMs, trust } = view;
  return (
    <>
      <p class="read">
        <strong>{euros(product.priceCents)}</strong>
        <span class={hit ? 'hit' : 'miss'}>{hit ? `hit in ${layer}` : 'loaded'}</span>
        <span class="dim">{tookMs < 1 ? '< 1 ms' : span(Math.round(tookMs))}</span>
      </p>
      <p class="facts">
        {trust} as of {clock(view.asOf)}, at most {span(Math.round(maxAgeMs))} old
      </p>
      <p class="why facts">
        <Said text={reason} />
      </p>
    </>
  );
}

function Plain({ view }: { view: View }): JSX.Element {
  const { unfenced, product } = view;
  if (!unfenced) return <p class="plain dim">a plain Map: nothing</p>;
  const price = euros(unfenced.priceCents);
  if (unfenced.priceCents === product.priceCents) return <p class="plain dim">a plain Map: {price}</p>;
  return (
    <p class="plain bad">
      <Lamp light="bad" /> a plain Map: {price}, wrong
    </p>
  );
}
