/** The two versions side by side, and how the one stands to the other. */
import { count, part } from './element.ts';
import type { ServerState } from './server.ts';

export type ReplicaState = 'starting' | 'ready' | 'behind' | 'updating' | 'offline' | 'error';

const WORDS: Record<ReplicaState, string> = {
  starting: 'starting',
  ready: 'up to date',
  behind: 'behind',
  updating: 'updating',
  offline: 'offline',
  error: 'error',
};

export class Versions {
  readonly #serverTag = part('server-version');
  readonly #serverNote = part('server-note');
  readonly #replicaTag = part('replica-version');
  readonly #replicaNote = part('replica-note');
  readonly #badge = part('replica-state');
  readonly #link = part('link');
  readonly #deploy = part('deploy', HTMLButtonElement);
  readonly #deployNote = part('deploy-note');

  showServer(state: ServerState | undefined): void {
    if (state === undefined) {
      this.#serverNote.textContent = 'does not answer';
      return;
    }
    this.#serverTag.textContent = state.version;
    this.#serverNote.textContent = `migration ${String(state.index + 1)} · ${count(state.rows)} rows in data_table_columns`;
    this.#deploy.disabled = state.next === null;
    this.#deployNote.textContent = state.next === null ? 'all of them are deployed' : `${state.next.tag}: ${state.next.description}`;
  }

  showReplica(version: string | null, note?: string): void {
    this.#replicaTag.textContent = version ?? 'none yet';
    if (note !== undefined) this.#replicaNote.textContent = note;
  }

  showState(state: ReplicaState): void {
    this.#badge.textContent = WORDS[state];
    this.#badge.dataset['state'] = state;
    this.#link.dataset['state'] = state;
  }
}
