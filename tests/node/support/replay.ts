/** Plays a recorded conversation against the demo's shape server. */
import assert from 'node:assert/strict';
import type { Demo } from '../../../www/server/demo.ts';
import { type Answer, Names, readTranscript, type Step, translated } from './transcript.ts';

const WRITE = /\b(insert|update|delete|truncate)\b/i;

type RequestStep = Extract<Step, { kind: 'request' }>;

export interface Replay {
  /** Recorded handles that come from before the recording, with the table each belongs to. */
  earlier?: Readonly<Record<string, string>>;
  /** A second of the recording by which the reconciler had ticked once, without a trace in the answers. */
  tickedBy?: number;
  /** How much of a body is compared where the recording is cut. */
  cutBytes?: number;
  /** Whether cut bodies must be as long as the recorded ones. */
  sameLength?: boolean;
}

/** Asks for a path below the shape endpoint. */
export async function ask(demo: Demo, path: string): Promise<Answer> {
  const response = await fetch(`${demo.url}/api/electric/shape${path.slice(path.indexOf('?'))}`);
  const body = await response.text();
  return { status: response.status, headers: new Map(response.headers), body };
}

/** Runs every step of a recording in its order and compares every answer. */
export async function replay(demo: Demo, name: string, options: Replay = {}): Promise<void> {
  const steps = readTranscript(name);
  assert.ok(steps.some((step) => step.kind === 'request'), `${name} holds no request`);
  const [recorded, ours] = [new Names(), new Names()];
  for (const [handle, table] of Object.entries(options.earlier ?? {})) {
    const made = await ask(demo, `?table=${table}&offset=-1`);
    recorded.name('H', handle);
    ours.name('H', made.headers.get('electric-handle') ?? '');
  }

  let ticks = options.tickedBy ?? Number.POSITIVE_INFINITY;
  const open: { step: RequestStep; answer: Promise<Answer> }[] = [];
  const settle = async (before: number): Promise<void> => {
    for (const { step, answer } of open.filter(({ step }) => step.until <= before)) {
      open.splice(open.findIndex((other) => other.step === step), 1);
      await nudge(demo, step, steps);
      compare(step, await answer, recorded, ours, options);
    }
  };
  for (const [index, step] of steps.entries()) {
    await settle(step.at);
    if (step.at >= ticks) {
      ticks = Number.POSITIVE_INFINITY;
      await demo.shapes?.reconcile();
    }
    if (step.kind === 'sql') {
      await demo.upstream.exec(step.sql);
      continue;
    }
    const waiting = demo.waiting;
    open.push({ step, answer: ask(demo, translated(step.path, recorded, ours)) });
    // Something happens while this request is open: it must be there when it does.
    const next = steps[index + 1];
    if (step.live && next !== undefined && next.at < step.until) await until(() => demo.waiting > waiting);
  }
  await settle(Number.POSITIVE_INFINITY);
}

/** Does what only time did in the recording: ends an idle long poll, or lets the reconciler tick. */
async function nudge(demo: Demo, step: RequestStep, steps: readonly Step[]): Promise<void> {
  const beyond = step.answer.status === 400 && step.until - step.at > 9;
  const idle = step.live && step.answer.headers.get('electric-has-data') === 'false';
  const written = steps.some((other) => other.kind === 'sql' && WRITE.test(other.sql) && other.at > step.at && other.at < step.until);
  const ticked = step.live && step.answer.status === 409 && !step.answer.headers.has('electric-handle') && !written;
  if (!beyond && !idle && !ticked) return;
  await until(() => demo.waiting > 0);
  if (ticked) await demo.shapes?.reconcile();
  else demo.endLongPolls();
}

function compare(step: RequestStep, answer: Answer, recorded: Names, ours: Names, options: Replay): void {
  const { cutFrom } = step.answer;
  const bytes = cutFrom === undefined ? undefined : Math.min(options.cutBytes ?? 200, step.answer.body.length);
  assert.equal(ours.shown(answer, bytes), recorded.shown(step.answer, bytes), `GET ${step.path} at ${String(step.at)} s`);
  if (cutFrom !== undefined && options.sameLength === true) {
    assert.equal(Buffer.byteLength(answer.body), cutFrom, `the length of GET ${step.path}`);
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
