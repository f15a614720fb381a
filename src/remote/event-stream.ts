export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  /** As text; several `data` lines are one text with line ends. */
  readonly data: string;
}

/** Takes server-sent events out of a text that comes in pieces. What it does not know, a later daemon may have added. */
export class EventStream {
  readonly #charactersMax: number;
  /** Of the event that is not whole yet: the rest of a line, and what whole lines have said. */
  #rest = '';
  #event = '';
  #id: string | undefined;
  #lines: string[] = [];
  #characters = 0;

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  /** The events that the piece completes. Throws when one is too long. */
  take(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    // A long line is looked through once, when its end has come.
    const isLineOpen = !/[\r\n]/.test(piece) && !this.#rest.endsWith('\r');
    const lines = isLineOpen ? [this.#rest + piece] : (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines)
      if (line !== '') this.#line(line);
      else if (this.#lines.length > 0) events.push(this.#whole());
      else this.#whole();
    if (this.#rest.length + this.#characters > this.#charactersMax) throw new Error('an event is too long');
    return events;
  }

  #line(line: string): void {
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'event') this.#event = value;
    else if (name === 'id') this.#id = value;
    else if (name === 'data') {
      this.#lines.push(value);
      this.#characters += value.length;
    }
  }

  #whole(): StreamEvent {
    const event = { id: this.#id, event: this.#event || 'message', data: this.#lines.join('\n') };
    this.#event = '';
    this.#id = undefined;
    this.#lines = [];
    this.#characters = 0;
    return event;
  }
}
