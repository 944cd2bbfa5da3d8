import type { TabWorld } from "../../../js/tabs.ts";

interface Hold {
  name: string;
  owner: string;
  shared: boolean;
}

interface Wait extends Hold {
  grant: () => void;
}

/** Locks as browsers have them, as far as this library uses them: held until the holder's promise ends, or its tab is killed. */
export class Locks {
  #held: Hold[] = [];
  #waiting: Wait[] = [];

  of(owner: string): NonNullable<TabWorld["locks"]> {
    const request = (name: string, ...rest: unknown[]): Promise<unknown> => {
      const work = rest.at(-1) as () => unknown;
      const { mode, signal } = (rest.length > 1 ? rest[0] : {}) as LockOptions;
      return new Promise((resolve, reject) => {
        const hold = { name, owner, shared: mode === "shared" };
        const grant = () => void Promise.resolve().then(work).then(resolve, reject).finally(() => this.#drop((held) => held === hold));
        const wait = Object.assign(hold, { grant });
        this.#waiting.push(wait);
        signal?.addEventListener("abort", () => {
          if (!this.#waiting.includes(wait)) return;
          this.#waiting = this.#waiting.filter((waiting) => waiting !== wait);
          reject(new Error("aborted"));
          this.#turn();
        });
        this.#turn();
      });
    };
    return { request } as NonNullable<TabWorld["locks"]>;
  }

  held(name: string): number {
    return this.#held.filter((hold) => hold.name === name).length;
  }

  waiting(name: string): number {
    return this.#waiting.filter((wait) => wait.name === name).length;
  }

  kill(owner: string): void {
    this.#waiting = this.#waiting.filter((wait) => wait.owner !== owner);
    this.#drop((held) => held.owner === owner);
  }

  #drop(which: (held: Hold) => boolean): void {
    this.#held = this.#held.filter((held) => !which(held));
    this.#turn();
  }

  /** In order of asking: whoever is behind one that waits for the same lock waits as well. */
  #turn(): void {
    const stuck = new Set<string>();
    for (const wait of [...this.#waiting]) {
      const free = this.#held.every((held) => held.name !== wait.name || (held.shared && wait.shared));
      if (!free || stuck.has(wait.name)) {
        stuck.add(wait.name);
        continue;
      }
      this.#waiting = this.#waiting.filter((waiting) => waiting !== wait);
      this.#held.push(wait);
      setImmediate(wait.grant);
    }
  }
}
