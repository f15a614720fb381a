const NAME = 'tidemark.admin-token';

/** The admin token lives as long as the tab and never in a URL. Storage may be refused; then it lives as long as the page. */
let held: string | null = read();

function read(): string | null {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

export const token = (): string | null => held;

export function keepToken(value: string): void {
  held = value;
  try {
    sessionStorage.setItem(NAME, value);
  } catch {
    // Held in memory alone.
  }
}
