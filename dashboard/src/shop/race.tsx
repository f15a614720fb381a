import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { RaceResult } from '../../../src/demo/race.ts';
import type { ShopState } from '../../../src/demo/server.ts';
import { Lamp, Panel, Said } from '../view/text.tsx';
import { span } from '../words.ts';
import type { ShopLive, Shown } from './live.ts';
import { euros } from './money.ts';

export function Race({ shown, shop, live }: { shown: Shown; shop: ShopState; live: ShopLive }): JSX.Element {
  const [product, setProduct] = useState(shop.views[0]?.product.id ?? 1);
  return (
    <Panel title="The race that a delete alone loses">
      <div class="race">
        <p>
          A reader loads the old row and is slow. Meanwhile a write commits and its event deletes the key. Then the
          reader stores what it has: without a fence, the old price is back until its TTL ends.
        </p>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void live.race(product);
          }}
        >
          <select
            aria-label="Product to race for"
            value={product}
            disabled={shown.racing}
            onChange={(event) => {
              setProduct(Number(event.currentTarget.value));
            }}
          >
            {shop.views.map((view) => (
              <option key={view.product.id} value={view.product.id}>
                {view.product.name}
              </option>
            ))}
          </select>
          <button type="submit" class="primary" disabled={shown.racing}>
            {shown.racing ? 'The race is on …' : 'Race a slow reader against the write'}
          </button>
        </form>
        {shown.race ? <Outcome of={shown.race} /> : null}
      </div>
    </Panel>
  );
}

function Outcome({ of }: { of: RaceResult }): JSX.Element {
  return (
    <div class="outcome" role="status">
      <Side
        name="Tidemark"
        serves={of.tidemark.priceCents}
        truth={of.truth.priceCents}
        after="the late fill was refused"
      />
      <Side
        name="A plain Map with a TTL"
        serves={of.unfenced.priceCents}
        truth={of.truth.priceCents}
        after={`stored late, served for up to ${span(of.unfencedForMs)}`}
      />
    </div>
  );
}

function Side(props: { name: string; serves: number; truth: number; after: string }): JSX.Element {
  const right = props.serves === props.truth;
  return (
    <div class={right ? 'right' : 'wrong'}>
      <h3>
        <Said text={props.name} />
      </h3>
      <p class="price">{euros(props.serves)}</p>
      <p>
        <Lamp light={right ? 'good' : 'bad'} /> {right ? 'true' : `wrong: it is ${euros(props.truth)}`}
      </p>
      <p class="facts">{props.after}</p>
    </div>
  );
}
