/**
 * The demo's page: shows the replica, and presses the server's buttons.
 *
 * Owns: what follows what. The parts draw themselves; the replica keeps itself. With `?test` in the address, and only
 * then, `window.demo` is the page's own `{ db, manager }`: tests compare the replica's rows with the server's.
 */
import { Banner } from './banner.ts';
import { count, part } from './element.ts';
import { Gate } from './gate.ts';
import { Log } from './log.ts';
import { mountQueries, openReplica, type Replica } from './replica.ts';
import { Rows } from './rows.ts';
import { server, type ServerState } from './server.ts';
import { Versions } from './versions.ts';

/** Milliseconds between two looks at the server's version. */
const POLL_MS = 2_000;
/** Where the package keeps the replica's version for others to read. */
const VERSION_KEY = 'electric_migration_version';

const [banner, log, rows, versions, gate] = [new Banner(), new Log(), new Rows(), new Versions(), new Gate()];
const error = part('error');

let serverState: ServerState | undefined;
let replicaVersion: string | null = null;
let updating = false;
let failed = false;
let mounted = false;
let checking: Promise<void> | undefined;
/** The version whose rebuild waits for the person: it is not asked about again. */
let waiting: string | undefined;

const storedVersion = (): string | null => {
  try {
    return localStorage.getItem(VERSION_KEY);
  } catch {
    return null;
  }
};

function show(): void {
  versions.showServer(serverState);
  versions.showReplica(replicaVersion);
  const behind = serverState !== undefined && replicaVersion !== null && serverState.version !== replicaVersion;
  const standing = replicaVersion === null ? 'starting' : behind ? 'behind' : 'ready';
  versions.showState(updating ? 'updating' : gate.offline ? 'offline' : failed ? 'error' : standing);
}

function showError(code: string, message: string): void {
  failed = true;
  error.textContent = `${code}: ${message}`;
  error.hidden = false;
}

function hideError(): void {
  failed = false;
  error.hidden = true;
}

window.addEventListener('electric:migration:start', ({ detail }) => {
  updating = true;
  hideError();
  banner.start(detail);
  log.add('busy', `migration:start · ${detail.reason}`, `${detail.from ?? 'nothing'} → ${detail.to} · ${detail.tables.join(', ')}`);
  show();
});
window.addEventListener('electric:migration:progress', ({ detail }) => banner.progress(detail));
window.addEventListener('electric:migration:complete', ({ detail }) => {
  updating = false;
  replicaVersion = detail.to;
  banner.complete();
  const amount = `${count(detail.rows)} rows in ${count(Math.round(detail.durationMs))} ms`;
  versions.showReplica(replicaVersion, `last rebuild: ${amount}`);
  log.add('good', `migration:complete · ${detail.to}`, `${detail.tables.join(', ')} · ${amount}`);
  show();
});
window.addEventListener('electric:migration:error', ({ detail }) => {
  if (detail.closesMigration) {
    updating = false;
    banner.close();
  }
  showError(detail.code, detail.message);
  log.add('bad', `migration:error · ${detail.code}`, `${detail.message}${detail.retryable ? ' · will try again' : ''}`);
  show();
});
window.addEventListener('electric:migration:pending', ({ detail }) => {
  waiting = detail.to;
  log.add('server', `migration:pending · ${detail.to}`, 'the rows stay as they are until you say so');
  banner.ask(detail, () => void detail.accept().catch(() => undefined), detail.later); // a failure is told as an event
});
window.addEventListener('electric:update-needed', () => log.add('bad', 'update-needed', 'the server is ahead of this page: reload'));

/** Asks the replica to follow the server; one question at a time. */
function check(replica: Replica): Promise<void> {
  checking ??= ask(replica).finally(() => {
    checking = undefined;
    show();
  });
  return checking;
}

async function ask({ db, manager }: Replica): Promise<void> {
  try {
    await manager.checkAndMigrate();
    hideError();
  } catch (cause) {
    if (!failed) showError(codeOf(cause), (cause as Error).message);
    return;
  }
  replicaVersion = manager.version ?? replicaVersion;
  mounted ||= await mountQueries(db, (result) => rows.show(result), (total) => rows.setCount(total));
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'ERROR';
}

/** Looks at the server, and follows it when it has moved. */
async function poll(replica: Replica): Promise<void> {
  serverState = await server.state().catch(() => undefined);
  show();
  const version = serverState?.version;
  if (version !== undefined && !gate.offline && version !== replicaVersion && version !== waiting) await check(replica);
}

/** Runs a button's work with the button out of reach, and shows what goes wrong. */
function onPress(name: string, work: () => Promise<void>): void {
  const button = part(name, HTMLButtonElement);
  button.addEventListener('click', () => {
    button.setAttribute('aria-busy', 'true');
    work()
      .catch((cause: unknown) => {
        showError(codeOf(cause), (cause as Error).message);
        log.add('bad', 'failed', (cause as Error).message);
      })
      .finally(() => {
        button.removeAttribute('aria-busy');
        show();
      });
  });
}

function connectButtons(replica: Replica): void {
  onPress('write', async () => {
    const { id } = await server.write();
    log.add('server', 'row written on the server', `id ${id}`);
  });
  onPress('deploy', async () => {
    const state = await server.deploy();
    serverState = state;
    if (state.deployed === null) return;
    log.add('server', 'deployed on the server', state.deployed);
    show();
    // The button stays free: another migration may come while this one is followed.
    if (!gate.offline) void check(replica);
  });
  onPress('offline', async () => {
    if (gate.offline) gate.open();
    else gate.close();
    const button = part('offline');
    button.setAttribute('aria-pressed', String(gate.offline));
    button.querySelector('strong')?.replaceChildren(gate.offline ? 'Go online' : 'Go offline');
    log.add('plain', gate.offline ? 'offline' : 'online', gate.offline ? 'the replica cannot reach the server' : 'asking the server');
    show();
    if (!gate.offline) await check(replica);
  });
  onPress('reset', async () => {
    log.add('plain', 'reset', 'the replica is dropped and synced again');
    await replica.manager.reset();
    await check(replica);
  });
  onPress('server-reset', async () => {
    serverState = await server.reset();
    log.add('server', 'the server starts over', serverState.version);
    await check(replica);
  });
}

async function main(): Promise<void> {
  serverState = await server.state().catch(() => undefined);
  show();
  const replica = await openReplica(gate.fetch);
  if (new URLSearchParams(location.search).has('test')) Object.assign(window, { demo: replica });
  replica.manager.on('adopted', ({ to }) => {
    replicaVersion = to;
    log.add('good', `adopted · ${to}`, 'the structure is the same: no row was loaded');
    show();
  });
  connectButtons(replica);
  // What an earlier visit left is readable before the server is asked.
  mounted = await mountQueries(replica.db, (result) => rows.show(result), (total) => rows.setCount(total));
  if (mounted) replicaVersion = storedVersion();
  log.add('plain', mounted ? 'replica opened' : 'database opened', mounted ? `at ${replicaVersion ?? 'an unknown version'}` : 'it is empty');
  show();
  await check(replica);
  window.setInterval(() => void poll(replica), POLL_MS);
}

main().catch((cause: unknown) => {
  showError(codeOf(cause), (cause as Error).message);
  log.add('bad', 'failed to start', (cause as Error).message);
  show();
});
