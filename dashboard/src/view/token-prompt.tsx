import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Live } from '../daemon/live.ts';
import { Brand } from './top.tsx';

export function TokenPrompt({ live, refused }: { live: Live; refused: boolean }): JSX.Element {
  const [value, setValue] = useState('');
  return (
    <main class="locked">
      <Brand />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (value !== '') live.unlock(value);
        }}
      >
        <label for="token">Admin token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={value}
          aria-describedby="token-note"
          aria-invalid={refused}
          onInput={(event) => {
            setValue(event.currentTarget.value);
          }}
        />
        <button type="submit" class="primary">
          Open
        </button>
        {refused ? (
          <p class="error" role="alert">
            The daemon refused this token.
          </p>
        ) : null}
        <p id="token-note" class="reason">
          This daemon asks for the token of its configuration (<code>server.admin_token</code>). It stays in this tab
          and is forgotten when the tab closes.
        </p>
      </form>
    </main>
  );
}
