import { render } from 'preact';
import { Live } from './daemon/live.ts';
import './style/tokens.css';
import './style/page.css';
import './style/flow.css';
import { App } from './view/app.tsx';

const root = document.getElementById('app');
if (root) {
  const live = new Live();
  render(<App live={live} />, root);
  live.start();
}
