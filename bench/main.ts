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

import type { Settings } from "./database.ts";
import { nameOf, parseLoad } from "./load.ts";
import type { Load } from "./load.ts";
import { CANDIDATES } from "./measure.ts";
import type { Candidate, Task } from "./measure.ts";
import { document, svg, table } from "./report.ts";
import type { Machine, Run } from "./report.ts";
import { groups, targets, titleOf } from "./results.ts";
import type { Sample } from "./results.ts";
import { possible, run, startServer, WHERES } from "./runs.ts";
import type { Situation, Where } from "./runs.ts";

const HELP = `npm run bench -- [options]

  --rows 10000,100000      loads; 20x5000 is twenty tables of 5,000 rows
  --storage memory,idb     also opfs-ahp (with --where worker) and file (with --where node)
  --where main,worker      also node
  --settings recommended   also default
  --candidates …           of ${CANDIDATES.join(", ")}
  --readers replica,sync:json   for which of them the waits of an app's queries are measured too; none for none
  --rounds 3
  --piece-bytes …          this library's limits.pieceBytes
  --check                  exits with 1 where a target is missed
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
    rounds: { type: "string", default: "3" },
    "piece-bytes": { type: "string" },
    check: { type: "boolean", default: false },
    "no-docs": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

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

async function measureAll(): Promise<Sample[]> {
  const candidates = chosen<Candidate>("candidates", flags.candidates, CANDIDATES);
  const readers = chosen<Candidate>("readers", flags.readers, CANDIDATES).filter((candidate) => candidates.includes(candidate));
  const limits = flags["piece-bytes"] === undefined ? {} : { limits: { pieceBytes: Number(flags["piece-bytes"]) } };
  const server = await startServer();
  const { origin } = server;
  const samples: Sample[] = [];
  for (const load of loads(flags.rows)) {
    await fetch(`${origin}/load/${load.tables}x${load.rows}/prepare`);
    for (const situation of situations()) {
      const work = [...candidates.map((candidate) => ({ candidate, reader: false })), ...readers.map((candidate) => ({ candidate, reader: true }))];
      const hopeless = new Set<Candidate>();
      for (let round = 0; round < Number(flags.rounds); round += 1) {
        // Each round begins with another candidate: none is always measured in the wake of the same one.
        const turned = work.map((_, at) => work[(at + round * 3) % work.length] ?? { candidate: "replica" as const, reader: false });
        for (const { candidate, reader } of turned) {
          if (hopeless.has(candidate)) continue;
          const task: Task = { candidate, origin, load, reader, ...limits };
          const outcome = await run(situation, task, server);
          if ("error" in outcome && round === 0) hopeless.add(candidate);
          samples.push({ round, load, situation, candidate, reader, outcome });
          const found = "error" in outcome ? `failed: ${outcome.error.slice(0, 100)}` : `${outcome.ms.toFixed(0)} ms`;
          process.stderr.write(`  ${nameOf(load)} ${situation.where} ${situation.storage} ${round + 1} ${candidate}${reader ? " with queries" : ""}: ${found}\n`);
        }
      }
    }
  }
  server.stop();
  return samples;
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
  const found: Run = { date: new Date().toISOString().slice(0, 10), machine: machine(), rounds: Number(flags.rounds), groups: groups(await measureAll()) };
  for (const group of found.groups) process.stdout.write(`\n${titleOf(group)}\n${table(group)}\n`);
  mkdirSync(HERE("results"), { recursive: true });
  writeFileSync(HERE("results/newest.json"), `${JSON.stringify(found, undefined, 1)}\n`);
  if (!flags["no-docs"]) {
    writeFileSync(HERE("../docs/performance.svg"), svg(found));
    writeFileSync(HERE("../docs/PERFORMANCE.md"), document(found, "performance.svg"));
  }
  const judged = found.groups.flatMap(targets);
  const missed = judged.filter(({ found, most }) => found > most);
  process.stdout.write("\n");
  for (const { what, most, found } of judged) process.stdout.write(`${found > most ? "missed" : "met   "} ${what}: ${found.toFixed(2)}, at most ${most}\n`);
  return flags.check && missed.length > 0 ? 1 : 0;
}

process.exit(await main());
