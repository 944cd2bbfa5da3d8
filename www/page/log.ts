/** The event log: what happened, newest first. */
import { make, part } from './element.ts';

export type Tone = 'plain' | 'good' | 'busy' | 'bad' | 'server';

const LIMIT = 200;
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });

export class Log {
  readonly #list = part('log', HTMLOListElement);

  add(tone: Tone, title: string, detail = ''): void {
    const item = make('li');
    item.dataset['tone'] = tone;
    const now = new Date();
    const time = make('time', clock.format(now));
    time.dateTime = now.toISOString();
    item.append(time, make('strong', title));
    if (detail !== '') item.append(make('span', detail));
    this.#list.prepend(item);
    while (this.#list.children.length > LIMIT) this.#list.lastElementChild?.remove();
  }
}
