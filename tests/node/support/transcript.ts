/** Electric's recorded conversations: reading them, and comparing answers with everything accidental taken out. */
import { readFileSync } from 'node:fs';

export interface Answer {
  status: number;
  headers: Map<string, string>;
  body: string;
  /** The whole body's length where the recording holds only its start. */
  cutFrom?: number;
}

export type Step =
  | { kind: 'sql'; at: number; sql: string }
  | { kind: 'request'; at: number; until: number; path: string; live: boolean; answer: Answer };

const REQUEST = /^>>>> \[\s*([\d.]+)s\]\s+(?:\[[^\]]*\] )?GET (\S+) HTTP/;
const RESPONSE = /^<<<< \[\s*([\d.]+)s\]/;
const SQL = /^#### \[\s*([\d.]+)s\] SQL \(committed, \d+ ms\): (.*)$/;
/** Seconds by which a commit was sooner than the recorder heard of it. */
const COMMIT = 0.002;
const CUT = /^ \.\.\. \[(\d+) bytes total\] \.\.\.$/;

/** Reads a recording; steps come in the order in which they began. */
export function readTranscript(name: string): Step[] {
  const text = readFileSync(new URL(`../../golden/electric/${name}.txt`, import.meta.url), 'utf8');
  const steps: Step[] = [];
  let asked: { at: number; path: string } | undefined;
  // A section begins with a marker and goes to the next one.
  for (const section of text.split(/^(?=>>>> |<<<< |#### |==== )/m)) {
    const lines = section.split('\n');
    const head = lines[0] ?? '';
    const [request, response, sql] = [REQUEST.exec(head), RESPONSE.exec(head), SQL.exec(head)];
    if (request !== null) asked = { at: Number(request[1]), path: request[2] ?? '' };
    else if (sql !== null) steps.push({ kind: 'sql', at: Number(sql[1]) - COMMIT, sql: sql[2] ?? '' });
    else if (response !== null && asked !== undefined) {
      const live = asked.path.includes('live=true');
      steps.push({ kind: 'request', ...asked, until: Number(response[1]), live, answer: readAnswer(lines.slice(1)) });
      asked = undefined;
    }
  }
  return steps.sort((a, b) => a.at - b.at);
}

function readAnswer(lines: readonly string[]): Answer {
  const blank = lines.indexOf('');
  const headers = new Map<string, string>();
  for (const line of lines.slice(1, blank)) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const body = lines.slice(blank + 1).filter((line) => line !== '');
  const cut = CUT.exec(body[1] ?? '')?.[1];
  return {
    status: Number((lines[0] ?? '').split(' ')[1]),
    headers,
    body: body[0] ?? '',
    ...(cut === undefined ? {} : { cutFrom: Number(cut) }),
  };
}

/** Headers that are the same in every run once names and numbers are. */
const COMPARED = [
  'cache-control',
  'content-type',
  'surrogate-control',
  'vary',
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-expose-headers',
  'electric-handle',
  'electric-offset',
  'electric-schema',
  'electric-cursor',
  'electric-up-to-date',
  'electric-has-data',
  'etag',
];

/** Names handles and LSNs by the order in which they appear, so that two runs can be compared. */
export class Names {
  readonly #names = new Map<string, string>();
  readonly #values = new Map<string, string>();
  #counts = { H: 0, L: 0 };

  name(kind: 'H' | 'L', value: string): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = `${kind}${String(++this.#counts[kind])}`;
    this.#names.set(value, name);
    this.#values.set(name, value);
    return name;
  }

  value(name: string): string | undefined {
    return this.#values.get(name);
  }

  known(value: string): string | undefined {
    return this.#names.get(value);
  }

  /** An answer as text without anything accidental. */
  shown(answer: Answer, bodyBytes = Number.POSITIVE_INFINITY): string {
    const headers = COMPARED.filter((header) => answer.headers.has(header)).map(
      (header) => `${header}: ${header === 'electric-cursor' ? 'CURSOR' : this.#plain(answer.headers.get(header) ?? '')}`,
    );
    const length = answer.headers.has('content-length') ? 'with its length' : 'in chunks';
    const body = this.#plain(answer.body.slice(0, bodyBytes));
    return [`${String(answer.status)} ${length}`, ...headers, '', body].join('\n');
  }

  #plain(text: string): string {
    return text
      .replace(/\b\d{5,10}-\d{16}\b/g, (handle) => this.name('H', handle))
      .replace(/:-\d{10,}"$/, ':UNIQUE"')
      .replace(/\b([1-9]\d{5,})_(\d+)\b/g, (_, lsn: string, position: string) => `${this.name('L', lsn)}_${position}`)
      .replace(/(lsn":")(\d+)/g, (_, label: string, lsn: string) => label + this.name('L', lsn))
      .replace(/"(xmin|xmax)":"\d+"/g, '"$1":"X"')
      .replace(/"txids":\[\d+\]/g, '"txids":[X]')
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00/g, 'NOW');
  }
}

/** A recorded path with this run's handles and LSNs in it. */
export function translated(path: string, recorded: Names, ours: Names): string {
  const swap = (value: string): string => {
    const name = recorded.known(value);
    return (name === undefined ? undefined : ours.value(name)) ?? value;
  };
  return path
    .replace(/(handle=)([^&]+)/, (_, label: string, handle: string) => label + swap(handle))
    .replace(/(offset=)(\d+)_/, (_, label: string, lsn: string) => `${label}${swap(lsn)}_`);
}
