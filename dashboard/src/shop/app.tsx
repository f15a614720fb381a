import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ShopState } from '../../../src/demo/server.ts';
import { Lamp, Panel, Said } from '../view/text.tsx';
import { Brand } from '../view/top.tsx';
import { clockSeconds, span } from '../words.ts';
import type { ShopLive, Shown } from './live.ts';
import { Feed } from './feed.tsx';
import { Products } from './products.tsx';
import { Race } from './race.tsx';
import { Stories } from './stories.tsx';

export function ShopApp({ live }: { live: ShopLive }): JSX.Element {
  const shown = useShown(live);
  const { shop } = shown;
  return (
    <>
      <header class="top">
        <Brand of="Demo shop" />
        {shop ? <Trust shop={shop} /> : null}
        {shop ? (
          <a class="there" href={shop.dashboardUrl}>
            Open the dashboard
          </a>
        ) : null}
      </header>
      {shown.goneSince === null ? null : (
        <div class="banner bad" role="alert">
          <strong>The shop does not answer</strong> since {clockSeconds(shown.goneSince)}. The page keeps trying.
        </div>
      )}
      {shown.error === null ? null : (
        <div class="banner warn" role="alert">
          <Said text={shown.error} />
        </div>
      )}
      {shop ? (
        <main class={shown.goneSince === null ? '' : 'old'}>
          <p class="lead">
            The truth of this shop is an SQLite database. A write puts a row into an outbox in the same transaction;
            Tidemark reads it, and the contract below ends the trust of what was cached. Change a price and watch.
          </p>
          <div class="columns">
            <div class="shelves">
              <Products shown={shown} shop={shop} live={live} />
              <Categories shop={shop} />
              <Files shop={shop} />
            </div>
            <div class="happenings">
              <Race shown={shown} shop={shop} live={live} />
              <Feed shop={shop} live={live} />
              <Stories stories={shown.stories} />
            </div>
          </div>
        </main>
      ) : null}
    </>
  );
}

function Trust({ shop }: { shop: ShopState }): JSX.Element | null {
  const { trust, source } = shop;
  if (!trust) return null;
  const fresh = trust.trust === 'fresh';
  const proof =
    source?.proofAgeMs === undefined ? 'nothing proven yet' : `proven ${span(Math.round(source.proofAgeMs))} ago`;
  return (
    <p class="link" role="status">
      <Lamp light={fresh ? 'good' : 'warn'} /> {fresh ? 'proven fresh' : 'trust withdrawn'}
      <span class="dim" aria-hidden="true">
        {' '}
        · {proof}
      </span>
    </p>
  );
}

function Categories({ shop }: { shop: ShopState }): JSX.Element {
  return (
    <Panel title="Projection category-membership" aside="recomputed, not deleted">
      <ul class="counts">
        {shop.categories.map(({ name, products }) => (
          <li key={name}>
            <Said text={name} /> <strong>{products}</strong>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Files({ shop }: { shop: ShopState }): JSX.Element {
  return (
    <Panel title="All of its configuration">
      {shop.files.map(({ name, text }) => (
        <figure key={name} class="file">
          <figcaption>
            <code>{name}</code>
          </figcaption>
          <pre tabIndex={0}>{text}</pre>
        </figure>
      ))}
    </Panel>
  );
}

function useShown(live: ShopLive): Shown {
  const [shown, setShown] = useState(live.shown);
  useEffect(
    () =>
      live.subscribe(() => {
        setShown(live.shown);
      }),
    [live],
  );
  return shown;
}
