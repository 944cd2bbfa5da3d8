/** The banner that says a rebuild is going on. It is in the page from the start, so that screen readers watch it. */
import { count, part } from './element.ts';
import type { ProgressDetail, StartDetail } from './events.ts';

const TITLES: Record<StartDetail['reason'], string> = {
  first: 'Setting up the database…',
  changed: 'Updating database schema…',
  repair: 'Repairing the database…',
  forced: 'Rebuilding the database…',
};

/** Milliseconds the finished bar stays to be seen. */
const LINGER_MS = 900;

export class Banner {
  readonly #root = part('banner');
  readonly #text = part('banner-text');
  readonly #detail = part('banner-detail');
  readonly #bar = part('banner-bar', HTMLProgressElement);
  #closing: number | undefined;

  start({ reason }: StartDetail): void {
    window.clearTimeout(this.#closing);
    this.#root.dataset['open'] = 'true';
    this.#text.textContent = TITLES[reason];
    this.#detail.textContent = '';
    // Without a value the bar moves to and fro: nothing is known yet.
    this.#bar.removeAttribute('value');
  }

  progress({ table, rows, expectedRows, tablesDone, tablesTotal }: ProgressDetail): void {
    const known = expectedRows !== undefined && expectedRows > 0;
    const amount = known ? `${count(rows)} of ${count(expectedRows)} rows` : `${count(rows)} rows`;
    this.#detail.textContent = `${table} · ${amount} · table ${String(Math.min(tablesDone + 1, tablesTotal))} of ${String(tablesTotal)}`;
    if (known && tablesTotal > 0) this.#bar.value = Math.min(1, (tablesDone + Math.min(1, rows / expectedRows)) / tablesTotal);
    else this.#bar.removeAttribute('value');
  }

  complete(): void {
    this.#bar.value = 1;
    this.#text.textContent = 'Database schema is up to date';
    this.#closing = window.setTimeout(() => this.close(), LINGER_MS);
  }

  close(): void {
    window.clearTimeout(this.#closing);
    this.#root.dataset['open'] = 'false';
    this.#text.textContent = '';
    this.#detail.textContent = '';
  }
}
