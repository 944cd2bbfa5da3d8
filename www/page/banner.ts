/** The banner that says a rebuild is going on. It is in the page from the start, so that screen readers watch it. */
import type { MigrationPending, MigrationProgress, MigrationReason, MigrationStart } from 'electric-replica';
import { count, part } from './element.ts';

// A changed shape can be heard of before the new version: that is a repair to the replica and an update to people.
const TITLES: Record<MigrationReason, string> = {
  first: 'Setting up the database…',
  changed: 'Updating database schema…',
  repair: 'Updating database schema…',
  forced: 'Loading every row again…',
};

const STEPS: Record<MigrationProgress['step'], string> = {
  waiting: 'waiting until Electric notices the change',
  loading: 'loading',
  settling: 'catching up',
  swapping: 'swapping',
};

/** Milliseconds the finished bar stays to be seen. */
const LINGER_MS = 900;

export class Banner {
  readonly #root = part('banner');
  readonly #text = part('banner-text');
  readonly #detail = part('banner-detail');
  readonly #bar = part('banner-bar', HTMLProgressElement);
  readonly #actions = part('banner-actions');
  #closing: number | undefined;
  #asked: { accept: () => void; later: () => void } | undefined;

  constructor() {
    part('accept').addEventListener('click', () => this.#asked?.accept());
    part('later').addEventListener('click', () => {
      this.#asked?.later();
      this.close();
    });
  }

  /** Asks the person whether a rebuild may begin. */
  ask({ to, tables, removed }: MigrationPending, accept: () => void, later: () => void): void {
    window.clearTimeout(this.#closing);
    this.#asked = { accept, later };
    this.#root.dataset['open'] = 'true';
    this.#text.textContent = 'A new database schema is there';
    this.#detail.textContent = [to, ...tables, ...removed].join(' · ');
    this.#actions.hidden = false;
  }

  start({ reason }: MigrationStart): void {
    window.clearTimeout(this.#closing);
    this.#actions.hidden = true;
    this.#root.dataset['open'] = 'true';
    this.#text.textContent = TITLES[reason];
    this.#detail.textContent = '';
    // Without a value the bar moves to and fro: nothing is known yet.
    this.#bar.removeAttribute('value');
  }

  progress({ step, table, rows, expectedRows, tablesDone, tablesTotal }: MigrationProgress): void {
    const known = expectedRows !== null && expectedRows > 0;
    const amount = known ? `${count(rows)} of about ${count(expectedRows)} rows` : `${count(rows)} rows`;
    const place = `table ${String(Math.min(tablesDone + 1, tablesTotal))} of ${String(tablesTotal)}`;
    this.#detail.textContent = [...(table === null ? [] : [table]), amount, place, STEPS[step]].join(' · ');
    if (known) this.#bar.value = Math.min(1, rows / expectedRows);
    else this.#bar.removeAttribute('value');
  }

  complete(): void {
    this.#bar.value = 1;
    this.#text.textContent = 'Database schema is up to date';
    this.#closing = window.setTimeout(() => this.close(), LINGER_MS);
  }

  close(): void {
    window.clearTimeout(this.#closing);
    this.#actions.hidden = true;
    this.#root.dataset['open'] = 'false';
    this.#text.textContent = '';
    this.#detail.textContent = '';
  }
}
