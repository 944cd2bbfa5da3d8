/** The demo's shape server against recordings of a real Electric: whatever differs, the server is wrong. */
import { after, before, describe, test } from 'node:test';
import { type Demo, startDemo } from '../../www/server/demo.ts';
import { replay } from './support/replay.ts';

process.on('unhandledRejection', (cause) => {
  throw cause;
});

const QUIET = { rows: 1, noticeMs: Number.POSITIVE_INFINITY, longPollMs: 60_000 };

describe('each recording of one table is answered as Electric answered it', () => {
  let demo: Demo;
  before(async () => {
    demo = await startDemo(QUIET);
  });
  after(() => demo.close());

  for (const name of [
    // Recorded seven at a time: the answers are right, what happened in between is not.
    '02-add-column-then-write',
    '05-drop-column-then-write',
    '14-truncate',
    // Recorded alone.
    '21-warm-add-column-then-write',
    '22-warm-rename-column-then-write',
    '23-warm-alter-type-then-write',
    '24-warm-drop-column-then-write',
    '25-warm-rename-table-then-write',
    '26-cold-rename-column-then-write',
    '28-warm-columns-subset-add-column-then-write',
    '29-warm-columns-subset-rename-other-column-then-write',
    '30-warm-where-on-renamed-column-then-write',
    '32-warm-add-column-not-null-default-in-txn-with-write',
    '33-warm-add-column-no-write',
    '34-warm-rename-column-no-write',
    '35-warm-drop-table',
    '36-warm-rename-table-no-write',
    '37-warm-drop-recreate-then-write',
    '38-warm-set-not-null-no-write',
  ]) {
    test(name, () => replay(demo, name));
  }

  // The new type is told after the tick, on the old handle and without a 409.
  test('27-cold-alter-type-then-write', () => replay(demo, '27-cold-alter-type-then-write', { tickedBy: 84 }));
  test('31-warm-create-index-comment-then-write', () => replay(demo, '31-warm-create-index-comment-then-write', { tickedBy: 174.7 }));

  test('a hundred thousand rows come in the very chunks Electric cuts, then the live changes', () =>
    replay(demo, '01-initial-sync-100k', { sameLength: true }));
});

const ITEMS = `create table items(id int primary key, name text not null, qty int not null, price numeric(10,2),
    created_at timestamptz not null default now());
  insert into items select g, 'item '||g||' '||repeat(md5(g::text),2), g%100, g*0.37, '2026-01-01Z'::timestamptz + g*interval '1 second'
    from generate_series(1,3000) g;
  alter table items add column color text;`;

describe('recordings over a table that was there before', () => {
  let demo: Demo;
  before(async () => {
    // Three chunks, as the recorded ones have.
    demo = await startDemo({ ...QUIET, chunkBytes: 300_000 });
    await demo.upstream.exec(ITEMS);
  });
  after(() => demo.close());

  test('unknown, missing and wrong handles, offsets and tables', () => replay(demo, '41-bogus-and-missing-handles', { cutBytes: 30 }));
  test('DDL between two chunks of a snapshot', () => replay(demo, '42-ddl-between-chunks', { cutBytes: 30 }));
  test('a table that is added, while another one is live', () =>
    replay(demo, '44-add-table', { earlier: { '35021149-1795156264430820': 'items' } }));
  test('a table that is dropped and made again', () =>
    replay(demo, '45-drop-table-items2-and-recreate', { earlier: { '114558157-1795156278809867': 'items2' } }));
});
