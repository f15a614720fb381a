import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { View } from '../../../src/demo/reader.ts';
import type { ShopState } from '../../../src/demo/server.ts';
import { Lamp, Panel, Said } from '../view/text.tsx';
import { span } from '../words.ts';
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
      <table class="products">
        <thead>
          <tr>
            <th scope="col">Product</th>
            <th scope="col">Write</th>
            <th scope="col">Read through Tidemark</th>
            <th scope="col">A plain Map holds</th>
          </tr>
        </thead>
        <tbody>
          {shop.views.map((view) => (
            <ProductRow key={view.product.id} view={view} shop={shop} live={live} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function ProductRow({ view, shop, live }: { view: View; shop: ShopState; live: ShopLive }): JSX.Element {
  const { product } = view;
  return (
    <tr data-product={product.id} class={shop.racing === product.id ? 'racing' : ''}>
      <th scope="row">
        <Said text={product.name} />
        <code>product:{product.id}</code>
      </th>
      <td>
        <Editor key={product.priceCents} view={view} shop={shop} live={live} />
      </td>
      <td class="read">
        <Read view={view} />
      </td>
      <td class="plain">
        <Plain view={view} />
      </td>
    </tr>
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
      <p>
        <strong>{euros(product.priceCents)}</strong>{' '}
        <span class={hit ? 'hit' : 'miss'}>{hit ? `hit in ${layer}` : 'miss, loaded'}</span>{' '}
        <span class="dim">in {tookMs < 1 ? 'under 1 ms' : span(Math.round(tookMs))}</span>
      </p>
      <p class="facts" title={`As of ${new Date(view.asOf).toISOString()}`}>
        {trust === 'fresh' ? 'fresh' : trust}, at most {span(Math.round(maxAgeMs))} old: <Said text={reason} />
      </p>
    </>
  );
}

function Plain({ view }: { view: View }): JSX.Element {
  const { unfenced, product } = view;
  if (!unfenced) return <span class="dim">nothing</span>;
  if (unfenced.product.priceCents === product.priceCents)
    return <span class="dim">{euros(unfenced.product.priceCents)}</span>;
  return (
    <span class="bad">
      <Lamp light="bad" /> {euros(unfenced.product.priceCents)}
      <br />
      wrong for another {span(unfenced.forMs)}
    </span>
  );
}
