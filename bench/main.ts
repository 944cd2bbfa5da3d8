/**
 * The bench: `npm run bench -- --help` says what it can be asked.
 *
 * Owns: the command line, the order of measurements, what is written where.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { CANDIDATES } from "./candidates/names.ts";
import type { Candidate } from "./candidates/names.ts";
import type { Settings } from "./database.ts";
import { nameOf, parseLoad } from "./load.ts";
import type { Load } from "./load.ts";
import type { Kind, Task } from "./measure.ts";
import { comparable, merged, runOf } from "./merged.ts";
import { EVERYTHING, fits, workOf } from "./plans.ts";
import type { Plan, Work } from "./plans.ts";
import { svg } from "./plot.ts";
import { document } from "./report.ts";
import type { Machine, Run } from "./report.ts";
import { groups, placeOf, titleOf } from "./results.ts";
import type { Sample } from "./results.ts";
import { possible, run, startServer, WHERES } from "./runs.ts";
import type { Outcome, Server, Situation, Where } from "./runs.ts";
import { deployTable, table, visitTable } from "./tables.ts";
import { isMet, targets } from "./targets.ts";
import { deploys, visits } from "./visits.ts";

const HELP = `npm run bench -- [options]

  --rows 10000,100000      loads; 20x5000 is twenty tables of 5,000 rows
  --storage memory,idb     also opfs-ahp (with --where worker) and file (with --where node)
  --where main,worker      also node
  --settings recommended   also default
  --candidates …           of ${CANDIDATES.join(", ")}
  --readers replica,sync:json   for which of them the waits of an app's queries are measured too; none for none
  --live 10000             measures as well how soon so many changes to a loaded table are in sight
  --unchanged              measures as well a visit with nothing new
  --deploys                measures as well what new versions of the schema fetch, of loads of several tables
  --no-loads               measures only these three
  --all                    everything docs/PERFORMANCE.md is about, instead of all of the above; about an hour a round
  --rounds 3
  --piece-bytes …          this library's limits.pieceBytes
  --check                  exits with 1 where a target is missed
  --merge                  takes what it measures into what was measured before on this machine, in bench/results
  --no-docs                writes no docs/PERFORMANCE.md
`;

const { values: flags } = parseArgs({
  options: {
    rows: { type: "string", default: "10000,100000" },
    storage: { type: "string", default: "memory,idb" },
    where: { type: "string", default: "main,worker" },
    settings: { type: "string", default: "recommended" },
    candidates: { type: "string", default: CANDIDATES.join(",") },
    readers: { type: "string", default: "replica,sync:json" },
    live: { type: "string" },
    unchanged: { type: "boolean", default: false },
    deploys: { type: "boolean", default: false },
    "no-loads": { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    "piece-bytes": { type: "string" },
    check: { type: "boolean", default: false },
    merge: { type: "boolean", default: false },
    "no-docs": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** How many changes come where `--all` does not say. */
const CHANGES = 10_000;

const HERE = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const listed = (text: string): string[] => text.split(",").filter((word) => word !== "" && word !== "none");

function chosen<T extends string>(name: string, text: string, allowed: readonly T[]): T[] {
  const unknown = listed(text).find((word) => !(allowed as readonly string[]).includes(word));
  if (unknown !== undefined) throw new Error(`--${name}: ${unknown} is none of ${allowed.join(", ")}`);
  return listed(text) as T[];
}

function loads(text: string): Load[] {
  return listed(text).map((name) => {
    const load = parseLoad(name);
    if (!load) throw new Error(`--rows: ${name} is no load`);
    return load;
  });
}

function situations(): Situation[] {
  const wheres = chosen<Where>("where", flags.where, WHERES);
  const all = wheres.flatMap((where) =>
    listed(flags.storage).flatMap((storage) =>
      chosen<Settings>("settings", flags.settings, ["recommended", "default"]).map((settings) => ({ where, storage, settings })),
    ),
  );
  return all.filter(possible);
}

function plans(): readonly Plan[] {
  if (flags.all) return EVERYTHING;
  const candidates = chosen<Candidate>("candidates", flags.candidates, CANDIDATES);
  const readers = chosen<Candidate>("readers", flags.readers, CANDIDATES);
  const wanted: [Kind, boolean][] = [["load", !flags["no-loads"]], ["live", flags.live !== undefined], ["unchanged", flags.unchanged], ["deploys", flags.deploys]];
  const kinds = wanted.filter(([, asked]) => asked).map(([kind]) => kind);
  return [{ loads: loads(flags.rows), situations: situations(), work: workOf({ kinds, candidates, readers }) }];
}

async function measureAll(): Promise<Sample[]> {
  const server = await startServer();
  const samples: Sample[] = [];
  for (const { loads, situations, work } of plans()) {
    for (const load of loads) {
      const fitting = work.filter((one) => fits(one, load));
      const changes = fitting.some(({ kind }) => kind === "live") ? Number(flags.live ?? CHANGES) : 0;
      await fetch(`${server.origin}/load/${nameOf(load)}/prepare?changes=${changes}`);
      for (const situation of situations) samples.push(...(await measureRounds({ load, changes, situation }, fitting, server)));
    }
  }
  server.stop();
  return samples;
}

async function measureRounds(given: Pick<Sample, "load" | "changes" | "situation">, work: readonly Work[], server: Server): Promise<Sample[]> {
  const limits = flags["piece-bytes"] === undefined ? {} : { limits: { pieceBytes: Number(flags["piece-bytes"]) } };
  const samples: Sample[] = [];
  const hopeless = new Set<string>();
  for (let round = 0; round < Number(flags.rounds); round += 1) {
    // Each round begins with another candidate: none is always measured in the wake of the same one.
    const turn = (round * 3) % Math.max(work.length, 1);
    for (const one of [...work.slice(turn), ...work.slice(0, turn)]) {
      const { kind, candidate, reader } = one;
      if (hopeless.has(`${kind} ${candidate}`)) continue;
      const task: Task = { ...one, origin: server.origin, load: given.load, changes: given.changes, ...limits };
      const outcome = await run(given.situation, task, server);
      if ("error" in outcome && round === 0) hopeless.add(`${kind} ${candidate}`);
      samples.push({ round, ...given, ...one, outcome });
      const what = `${kind === "load" ? "" : `${kind}, `}${candidate}${reader ? " with queries" : ""}`;
      process.stderr.write(`  ${nameOf(given.load)} ${placeOf(given.situation)} ${round + 1} ${what}: ${inWords(outcome)}\n`);
    }
  }
  return samples;
}

function inWords(outcome: Outcome): string {
  if ("error" in outcome) return `failed: ${outcome.error.slice(0, 200)}`;
  const { ms, swapMs, visit, deploys } = outcome;
  const more = { ...(swapMs === undefined ? {} : { swapMs }), ...visit, ...deploys };
  return `${ms.toFixed(0)} ms${Object.keys(more).length > 0 ? ` ${JSON.stringify(more)}` : ""}`;
}

function machine(): Machine {
  const version = (name: string): string => {
    const { version } = JSON.parse(readFileSync(HERE(`../node_modules/${name}/package.json`), "utf8")) as { version: string };
    return version;
  };
  const peers = ["@electric-sql/pglite", "@electric-sql/pglite-sync", "@electric-sql/client"];
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: totalmem() / 2 ** 30,
    node: process.versions.node,
    browser: execFileSync(process.env["CHROMIUM"] ?? "/usr/bin/chromium", ["--version"], { encoding: "utf8" }).trim().split(" ").slice(0, 2).join(" "),
    versions: Object.fromEntries(peers.map((name) => [name, version(name)])),
  };
}

async function main(): Promise<number> {
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const earlier = flags.merge ? runOf(readFileSync(HERE("results/newest.json"), "utf8")) : undefined;
  if (earlier) comparable(earlier, machine());
  const samples = await measureAll();
  const measured: Run = {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    rounds: Number(flags.rounds),
    groups: groups(samples),
    visits: visits(samples),
    deploys: deploys(samples),
  };
  const found = earlier ? merged(earlier, measured) : measured;
  for (const group of found.groups) process.stdout.write(`\n${titleOf(group)}\n${table(group)}\n`);
  if (found.visits.length > 0) process.stdout.write(`\n${visitTable(found.visits)}\n`);
  if (found.deploys.length > 0) process.stdout.write(`\n${deployTable(found.deploys)}\n`);
  mkdirSync(HERE("results"), { recursive: true });
  writeFileSync(HERE("results/newest.json"), `${JSON.stringify(found, undefined, 1)}\n`);
  if (!flags["no-docs"]) {
    writeFileSync(HERE("../docs/performance.svg"), svg(found));
    writeFileSync(HERE("../docs/PERFORMANCE.md"), document(found, "performance.svg"));
  }
  const judged = targets(found);
  process.stdout.write("\n");
  for (const target of judged) process.stdout.write(`${isMet(target) ? "met   " : "missed"} ${target.what}: ${target.found.toFixed(2)}, at most ${target.most.toFixed(2)}\n`);
  return flags.check && !judged.every(isMet) ? 1 : 0;
}

process.exit(await main());
