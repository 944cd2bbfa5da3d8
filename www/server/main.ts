/**
 * Starts the demo from the environment and prints its address.
 *
 * PORT and HOST · DATABASE_URL and ELECTRIC_URL · DEMO_ROWS · DEMO_START_AT · DDL_NOTICE_MS · LONG_POLL_MS · CHUNK_BYTES
 */
import { createServer } from 'node:net';
import { type DemoOptions, startDemo } from './demo.ts';

const FIRST_PORT = 5_173;
const PORTS_TRIED = 50;

await main();

async function main(): Promise<void> {
  const options = optionsFrom(process.env);
  const demo = await startDemo({ ...options, port: options.port ?? (await freePort(FIRST_PORT)) });
  console.log(`The demo runs at ${demo.url}`);
  console.log(`Its server has the schema ${demo.newest.tag}. Stop it with Ctrl+C.`);
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      void demo.close().then(() => process.exit(0));
    });
  }
}

/** Reads the options; throws when a number is none. */
function optionsFrom(env: NodeJS.ProcessEnv): DemoOptions {
  const number = (name: string, fallback?: number): number | undefined => {
    const text = env[name];
    if (text === undefined || text === '') return fallback;
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0) throw new Error(`reading ${name}: ${JSON.stringify(text)} is not a number`);
    return value;
  };
  const found: { [Key in keyof DemoOptions]: DemoOptions[Key] | undefined } = {
    port: number('PORT'),
    host: env['HOST'],
    rows: number('DEMO_ROWS'),
    startAt: number('DEMO_START_AT'),
    // Electric takes up to a minute; a person who pressed the button should not wait for that.
    noticeMs: number('DDL_NOTICE_MS', 1_500),
    longPollMs: number('LONG_POLL_MS'),
    chunkBytes: number('CHUNK_BYTES'),
    databaseUrl: env['DATABASE_URL'],
    electricUrl: env['ELECTRIC_URL'],
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined && value !== ''));
}

/** The first port from `start` on that nobody listens on. */
async function freePort(start: number): Promise<number> {
  for (let port = start; port < start + PORTS_TRIED; port += 1) {
    if (await isFree(port)) return port;
  }
  throw new Error(`finding a port: ${String(start)} and the ${String(PORTS_TRIED - 1)} after it are taken`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
