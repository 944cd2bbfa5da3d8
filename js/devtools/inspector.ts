/**
 * Looks into a replica, as src/inspect says.
 *
 * Owns: doing one step after the other. Must not know: what is asked, or what it means.
 */
import { manifestFromSql } from "../ddl.js";
import { ReplicaError } from "../errors.js";
import { optionsText, requester } from "../options.js";
import { Exchange } from "../requests.js";
import { steady, steadyRunning } from "../steady.js";
import { Transactions } from "../transactions.js";
import type { ReplicaOptions } from "../types.js";
import type { Inspection, Problem } from "./inspection.js";
import type { Sample } from "./messages.js";
import { inspectionModule } from "./module.js";

/** What is to be done next, as src/inspect/step.rs writes it. */
type Step =
  | { do: "transact"; work: string }
  | { do: "ask"; url: string }
  | { do: "heads"; urls: string[] }
  | { do: "translate"; schemas: string }
  | { do: "query"; sql: string }
  | { do: "tell"; inspection: Inspection }
  | ({ do: "fail" } & Problem);

/** How many rows are shown. */
const SAMPLE = 20;
/** How long a server may take to answer, in milliseconds. */
const ASK_MS = 15_000;

export class Inspector {
  readonly #options: ReplicaOptions;
  readonly #transactions: Transactions;

  /** @param options what the manager was made with */
  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#transactions = new Transactions(steady(options.db), steadyRunning(options.db));
  }

  /** @throws {ReplicaError} `NOT_INITIALIZED`; what it could not look at is in the inspection. */
  async inspect(): Promise<Inspection> {
    const module = await inspectionModule();
    const [options, nowMs] = [optionsText(this.#options), Date.now()];
    const answers: (string | Problem)[] = [];
    for (;;) {
      const step = JSON.parse(module.next(options, JSON.stringify(answers), nowMs)) as Step;
      if (step.do === "tell") return step.inspection;
      answers.push(await this.#answer(step));
    }
  }

  /** The first rows of a table. @throws {ReplicaError} */
  async sample(table: string, columns: string[]): Promise<Sample> {
    const module = await inspectionModule();
    const step = JSON.parse(module.sample(optionsText(this.#options), table, columns, SAMPLE)) as Step;
    if (step.do !== "query") throw failed(step);
    try {
      const { rows } = (await steady(this.#options.db).query(step.sql, [], { rowMode: "array" })) as { rows: Sample["rows"] };
      return { columns, rows };
    } catch (cause) {
      throw new ReplicaError("DATABASE_FAILED", "while reading the first rows of a table: PGlite refused it", { cause });
    }
  }

  /** What a step came to; what failed is shown beside the rest. */
  async #answer(step: Step): Promise<string | Problem> {
    try {
      return await this.#do(step);
    } catch (thrown) {
      if (step.do === "fail") throw thrown;
      return problemOf(thrown);
    }
  }

  async #do(step: Step): Promise<string> {
    switch (step.do) {
      case "transact":
        return (await this.#transactions.run(step.work, undefined, false)).text;
      case "ask":
        return this.#asked(step.url, (exchange) => exchange.answer());
      case "heads":
        return JSON.stringify(await Promise.all(step.urls.map((url) => this.#asked(url, (exchange) => exchange.head()))));
      case "translate":
        return manifestFromSql(step.schemas);
      case "query":
      case "tell":
      case "fail":
        throw failed(step);
    }
  }

  /** Asks the server as the replica does. */
  async #asked(url: string, read: (exchange: Exchange) => Promise<string>): Promise<string> {
    const exchange = new Exchange(requester(this.#options), url);
    const late = setTimeout(() => exchange.abort(), ASK_MS);
    try {
      return await read(exchange);
    } catch (cause) {
      throw new ReplicaError("SERVER_UNREACHABLE", "while asking for what the server has: no answer came", { retryable: true, cause });
    } finally {
      clearTimeout(late);
      exchange.abort();
    }
  }
}

/** What the page is told of something that was thrown. */
export function problemOf(thrown: unknown): Problem {
  const { code, message } = ReplicaError.from(thrown);
  return { code, message };
}

function failed(step: Step): ReplicaError {
  if (step.do === "fail") return ReplicaError.from({ ...step, retryable: false });
  return new ReplicaError("INTERNAL", `while inspecting the replica: ${step.do} is no step of it`);
}
