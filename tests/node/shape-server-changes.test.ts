/** What no recording holds: the shape server's promises about changes, conditions, values and faults. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Demo, startDemo } from '../../www/server/demo.ts';
import { Reader, type Row } from './support/reader.ts';
import { ask } from './support/replay.ts';

process.on('unhandledRejection', (cause) => {
  throw cause;
});

let demo: Demo;
let number = 0;
let table = '';

before(async () => {
  demo = await startDemo({ rows: 20, noticeMs: Number.POSITIVE_INFINITY, longPollMs: 60_000, chunkBytes: 4_000, faults: true });
});
after(() => demo.close());
beforeEach(async () => {
  demo.faults?.set({});
  table = `t${String(++number)}`;
  await demo.upstream.exec(`create table ${table} (id int primary key, name text, qty int);
    insert into ${table} select g, 'row ' || g, g % 10 from generate_series(1, 100) g`);
});

const truth = (columns = 'id::text, name, qty::text'): Promise<Row[]> =>
  demo.upstream.query<Row>(`select ${columns} from ${table} order by ${table}.id`);

test('readers that start between writes end with the rows of the server, none twice and none missing', async () => {
  await ask(demo, `?table=${table}&offset=-1`);
  const writing = (async () => {
    for (let i = 0; i < 40; i += 1) {
      await demo.upstream.exec(`begin;
        insert into ${table} values (${String(1_000 + i)}, 'new', ${String(i)});
        update ${table} set qty = qty + 1 where id % 7 = ${String(i % 7)};
        delete from ${table} where id = ${String(i * 2 + 1)};
        commit`);
    }
  })();
  // A shape of its own for each reader: each has its own snapshot at its own moment.
  const readers = Array.from({ length: 12 }, (_, i) => new Reader(demo, `table=${table}&where=${encodeURIComponent(`id > -${String(i + 1)}`)}`));
  await Promise.all([writing, ...readers.map((reader) => reader.sync())]);
  const expected = await truth();
  assert.equal(expected.length, 100);
  for (const reader of readers) {
    await reader.sync();
    assert.deepEqual(reader.sorted, expected);
  }
});

test('a transaction has one LSN, its places grow, and only its newest message is the last', async () => {
  const reader = await new Reader(demo, `table=${table}`).sync();
  await demo.upstream.exec(`begin; update ${table} set qty = 77 where id < 6; delete from ${table} where id = 8;
    insert into ${table} values (500, 'x', 1); commit; update ${table} set qty = 78 where id = 1`);
  reader.messages.length = 0;
  await reader.sync();
  const changes = reader.messages.filter((message) => message.key !== undefined).map((message) => message.headers);
  assert.equal(changes.length, 8);
  assert.equal(new Set(changes.slice(0, 7).map((headers) => headers.lsn)).size, 1);
  assert.ok(Number(changes.at(7)?.lsn) > Number(changes.at(0)?.lsn));
  const places = changes.slice(0, 7).map((headers) => headers.op_position ?? -1);
  assert.deepEqual(places, places.toSorted((a, b) => a - b));
  assert.equal(new Set(places).size, 7);
  assert.deepEqual(changes.map((headers) => headers.last === true), [...new Array<boolean>(6).fill(false), true, true]);
  assert.equal(reader.messages.at(-1)?.headers.global_last_seen_lsn, changes.at(7)?.lsn);
});

test('changes come in the order in which they were made', async () => {
  const reader = await new Reader(demo, `table=${table}`).sync();
  reader.messages.length = 0;
  await demo.upstream.exec(Array.from({ length: 120 }, (_, i) => `update ${table} set qty = ${String(i + 1_000)} where id = 1;`).join(''));
  await reader.sync();
  const values = reader.messages.flatMap((message) => (message.key === undefined ? [] : [Number(message.value?.['qty'])]));
  assert.deepEqual(values, Array.from({ length: 120 }, (_, i) => i + 1_000));
});

test('a changed primary key comes as a delete and an insert', async () => {
  const reader = await new Reader(demo, `table=${table}`).sync();
  reader.messages.length = 0;
  await demo.upstream.exec(`update ${table} set id = 900 where id = 9`);
  await reader.sync();
  const [gone, come] = reader.messages;
  assert.deepEqual([gone?.headers.operation, come?.headers.operation], ['delete', 'insert']);
  assert.deepEqual(gone?.value, { id: '9' });
  assert.equal(gone.headers.key_change_to, come?.key);
  assert.equal(come?.headers.key_change_from, gone.key);
  assert.deepEqual(reader.sorted, await truth());
});

test('rows move in and out of a condition as inserts and deletes', async () => {
  const reader = await new Reader(demo, `table=${table}&where=qty%3D%241&params%5B1%5D=3`).sync();
  assert.equal(reader.rows.size, 10);
  reader.messages.length = 0;
  await demo.upstream.exec(`update ${table} set qty = 3 where id = 1; update ${table} set qty = 4 where id = 3;
    update ${table} set name = 'kept' where id = 13; update ${table} set name = 'unseen' where id = 2`);
  await reader.sync();
  assert.deepEqual(
    reader.messages.filter((message) => message.key !== undefined).map((message) => message.headers.operation),
    ['insert', 'delete', 'update'],
  );
  assert.deepEqual(reader.sorted, (await truth()).filter((row) => row['qty'] === '3'));
});

test('a shape of some columns says nothing of the others', async () => {
  const reader = await new Reader(demo, `table=${table}&columns=id,name`).sync();
  reader.messages.length = 0;
  await demo.upstream.exec(`update ${table} set qty = 55 where id = 1; update ${table} set name = 'seen', qty = 56 where id = 2`);
  await reader.sync();
  assert.deepEqual(reader.messages.filter((message) => message.key !== undefined).map((message) => message.value), [{ id: '2', name: 'seen' }]);
  assert.deepEqual(Object.keys(JSON.parse(reader.schema) as object), ['id', 'name']);
});

test('replica=full tells whole rows and what changed in them', async () => {
  const reader = await new Reader(demo, `table=${table}&replica=full`).sync();
  reader.messages.length = 0;
  await demo.upstream.exec(`update ${table} set qty = 55 where id = 1; delete from ${table} where id = 2`);
  await reader.sync();
  assert.deepEqual(reader.messages.at(0)?.value, { id: '1', name: 'row 1', qty: '55' });
  assert.deepEqual(reader.messages.at(0)?.old_value, { qty: '1' });
  assert.deepEqual(reader.messages.at(1)?.value, { id: '2', name: 'row 2', qty: '2' });
});

test('a log longer than a chunk comes in parts, and only the newest says up to date', async () => {
  const reader = await new Reader(demo, `table=${table}`).sync();
  await demo.upstream.exec(`update ${table} set name = name || ' and more'`);
  assert.equal(await reader.step(), false);
  await reader.sync();
  assert.deepEqual(reader.sorted, await truth());
});

test('an update that changes nothing a shape shows sends nothing', async () => {
  const reader = await new Reader(demo, `table=${table}`).sync();
  reader.messages.length = 0;
  await demo.upstream.exec(`update ${table} set qty = qty`);
  await reader.sync();
  assert.ok(reader.messages.every((message) => message.key === undefined));
});

test('a truncated table ends its shape', async () => {
  const reader = await new Reader(demo, `table=${table}`).sync();
  await demo.upstream.exec(`truncate ${table}`);
  const answer = await ask(demo, `?table=${table}&offset=${reader.offset}&handle=${reader.handle}`);
  assert.equal(answer.status, 409);
  assert.notEqual(answer.headers.get('electric-handle'), reader.handle);
  assert.equal((await new Reader(demo, `table=${table}`).sync()).rows.size, 0);
});

test('every value is the text Postgres prints, in the snapshot and in the log', async () => {
  const values = `1, 'tab\tquote"back\\slash', E'line\nfeed\\\\N', 'é🚀\u2028', null, 9007199254740993, 0.10, 'NaN', 'Infinity',
    '2026-01-02 03:04:05.000006+00', '{"a": [1, null, "x"]}', array['a,b', null, '"q"'], '\\xdeadbeef', '1 day 02:00', '192.168.0.1/24',
    'a2c1f3e4-0000-4000-8000-0123456789ab', 'owner'`;
  await demo.upstream.exec(`create table values_${table} (id int primary key, a text, b varchar(30), c text, d text, e bigint, f numeric(9,2),
    g float8, h float8, i timestamptz, j jsonb, k text[], l bytea, m interval, n inet, o uuid, p user_role); insert into values_${table} values (${values})`);
  const reader = await new Reader(demo, `table=values_${table}`).sync();
  await demo.upstream.exec(`insert into values_${table} values (2${values.slice(1)})`);
  await reader.sync();
  const texts = 'abcdefghijklmnop'.split('').map((column) => `${column}::text`).join();
  const expected = await demo.upstream.query<Row>(`select id::text, ${texts} from values_${table} order by values_${table}.id`);
  assert.deepEqual(reader.sorted, expected);
});

test('keys hold slashes, quotes and several columns', async () => {
  await demo.upstream.exec(`create table "Odd ${table}" (a text, b int, primary key (b, a)); insert into "Odd ${table}" values ('x/"y', 1)`);
  const reader = await new Reader(demo, `table=${encodeURIComponent(`"Odd ${table}"`)}`).sync();
  assert.deepEqual([...reader.rows.keys()], [`"public"."Odd ${table}"/"1"/"x//"y"`]);
  await demo.upstream.exec(`delete from "Odd ${table}"`);
  await reader.sync();
  assert.equal(reader.rows.size, 0);
});

describe('faults on demand', () => {
  const path = (): string => `?table=${table}&offset=-1`;

  test('a cut body is an error while reading, and the next request is whole', async () => {
    demo.faults?.set({ shape: { kind: 'truncate', afterBytes: 100, times: 1 } });
    await assert.rejects(ask(demo, path()));
    assert.equal((await ask(demo, path())).status, 200);
  });

  for (const [kind, status] of [['rate-limit', 429], ['server-error', 500], ['stale-conflict', 409], ['content-type', 200]] as const) {
    test(`${kind} answers ${String(status)}, for its table alone`, async () => {
      demo.faults?.set({ shape: { kind, table } });
      const answer = await ask(demo, path());
      assert.equal(answer.status, status);
      assert.equal(answer.headers.has('retry-after'), kind === 'rate-limit');
      assert.equal((await ask(demo, '?table=users&offset=-1')).headers.get('electric-offset'), '0_0');
    });
  }

  test('missing headers leave the body as it is', async () => {
    const whole = await ask(demo, path());
    demo.faults?.set({ shape: { kind: 'missing-headers' } });
    const answer = await ask(demo, path());
    assert.equal(answer.body, whole.body);
    assert.ok(![...answer.headers.keys()].some((name) => name.startsWith('electric-')));
  });

  test('the documents can be missing, malformed or not there at all', async () => {
    demo.faults?.set({ version: 'down', schemas: 'malformed' });
    await assert.rejects(fetch(`${demo.url}/api/electric/version`));
    await assert.rejects(fetch(`${demo.url}/api/electric/schemas`).then((answer) => answer.json()));
  });
});
