import type { JSX } from 'preact';
import type { ShopState } from '../../../src/demo/server.ts';
import { Lamp, Panel, Said } from '../view/text.tsx';
import { span } from '../words.ts';
import type { ShopLive } from './live.ts';

/** Trust being withdrawn and coming back, at the press of a button. */
export function Feed({ shop, live }: { shop: ShopState; live: ShopLive }): JSX.Element {
  const { trust, feedIsCut } = shop;
  const fresh = trust?.trust === 'fresh';
  return (
    <Panel title="A feed that falls silent">
      <div class="race">
        <p>
          With its feed cut, Tidemark can prove nothing more. After <code>max_staleness</code>{' '}
          {trust?.maxStalenessMs === undefined ? '' : `(${span(trust.maxStalenessMs)}) `}reads go past the cache and
          stay true; the plain Map notices nothing. Cut it, change a price, restore it.
        </p>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void live.cutFeed(!feedIsCut);
          }}
        >
          <button type="submit" aria-pressed={feedIsCut}>
            {feedIsCut ? 'Restore the feed' : 'Cut the feed'}
          </button>
        </form>
        {trust && (feedIsCut || !fresh) ? (
          <p class={fresh ? 'reason' : 'warning'} role="status">
            <Lamp light={fresh ? 'good' : 'warn'} /> {fresh ? 'Still proven:' : 'Trust withdrawn:'}{' '}
            <Said text={trust.reason} />
          </p>
        ) : null}
      </div>
    </Panel>
  );
}
