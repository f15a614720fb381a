import { render } from 'preact';
import '../style/tokens.css';
import '../style/page.css';
import '../style/shop.css';
import { ShopLive } from './live.ts';
import { ShopApp } from './app.tsx';

const root = document.getElementById('app');
if (root) {
  const live = new ShopLive();
  render(<ShopApp live={live} />, root);
  live.start();
}
