/**
 * The tabs of one replica: the one that leads tells the others what happens, and does what they are asked to do. Who
 * leads is settled by the Web Lock in js/lead.ts; here it only shows.
 */
import { ReplicaError } from "./errors.js";
import { errorOf, Hearer, type News, type PlainError, plainError, Teller } from "./news.js";
import type { ReplicaEvent, Warning } from "./events.js";
import type { ReplicaStatus } from "./types.js";

/** What a tab that follows has the one that leads do. */
export type TabCall = { name: "runMigration"; version: string | undefined } | { name: "verify"; server: boolean } | { name: "reset" | "purge" | "rollback" };

/** What tabs say to each other. Its form is in the channel's name: a page of another build does not hear it. */
type Message =
  | { type: "who" }
  | { type: "news"; from: string; news: News }
  | { type: "call"; from: string; to: string; id: number; call: TabCall }
  | { type: "answer"; to: string; id: number; answer: Answer };
type Answer = { value: unknown } | { error: PlainError };

/**
 * Whether tabs have one database together, or each a copy of its own: a PGlite in the page reads the files when it is opened, and
 * never again what another tab writes.
 */
export type Holding = "together" | "apart";

/** What this needs of the manager. */
export interface TabOwner {
  /** How the tabs hold the database. */
  readonly holding: Holding;
  status(): ReplicaStatus;
  version(): string | undefined;
  deliver(event: ReplicaEvent): void;
  perform(call: TabCall): Promise<unknown>;
}

/** What a page has for its tabs. */
export interface TabWorld {
  locks: Pick<LockManager, "request"> | undefined;
  Channel: typeof BroadcastChannel | undefined;
}

function page(): TabWorld {
  const { navigator, BroadcastChannel: Channel } = globalThis as { navigator?: { locks?: LockManager }; BroadcastChannel?: typeof BroadcastChannel };
  return { locks: navigator?.locks, Channel };
}

/** One tab among those that share a replica. */
export class Tabs {
  readonly #owner: TabOwner;
  /** The lock of whoever leads. */
  readonly #lead: string;
  /** The channel's, and the beginning of the names of this library's other locks. */
  readonly #name: string;
  readonly #locks: TabWorld["locks"];
  readonly #id: string = "";
  readonly #teller = new Teller();
  readonly #hearer = new Hearer();
  readonly #asked = new Map<number, (answer: Answer | undefined) => void>();
  /** Calls that wait for somebody to lead. They look each time that may have changed. */
  readonly #waiting = new Set<() => void>();
  #channel: BroadcastChannel | undefined;
  #warning: Warning | undefined;
  /** Resolves once the others can see that this tab lives. */
  #alive: Promise<void> | undefined;
  #dies: (() => void) | undefined;
  #watch: AbortController | undefined;
  #calls = 0;

  /** @param name the lock's; nothing where this page is alone with its database */
  constructor(name: string | undefined, owner: TabOwner, world: TabWorld = page()) {
    this.#owner = owner;
    this.#lead = name ?? "";
    this.#name = `${this.#lead}:tabs:3`;
    this.#locks = name === undefined ? undefined : world.locks;
    if (name === undefined) return;
    if (!world.locks) this.#warning = warning("NO_WEB_LOCKS", "this browser has no Web Locks: each tab leads, and none hears of another");
    else if (!world.Channel) this.#warning = warning("NO_BROADCAST_CHANNEL", "this browser has no BroadcastChannel: a tab that follows hears of no migration");
    else {
      this.#id = crypto.randomUUID();
      this.#channel = new world.Channel(this.#name);
      if (owner.holding === "apart") this.#warning = warning("NOT_SHARED", "another tab has this database open too, in a copy of its own, and each writes its files over the other's: use a PGliteWorker");
    }
  }

  /** Asks who leads, and listens from now on. */
  open(): void {
    if (!this.#channel) return;
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#receive(data);
    this.#post({ type: "who" });
  }

  /** This tab has the lead: others are told so with whatever it tells next, and at once where they ask. */
  led(): void {
    this.#teller.lead();
    if (!this.#channel) return;
    this.#lost();
    this.#alive ??= this.#live();
  }

  /** The version of the replica as the tab that leads has said it, where this tab reads the same one; else its `own`. */
  version(own: string | undefined): string | undefined {
    return this.#owner.holding === "together" && this.#hearer.leader !== undefined ? this.#hearer.version : own;
  }

  /** Takes note of an event of this tab's own, just before the app is told. Answers what the app is to be told. */
  tell(event: ReplicaEvent): ReplicaEvent {
    if (!this.#channel) this.#warn();
    const news = this.#teller.news(event, this.#owner.version());
    if (news) this.#say(news);
    return event.type === "status" ? { ...event, leader: this.#hearer.status } : event;
  }

  /** Has the tab that leads do it, once one does. `own` does it here: where that is this tab, or nobody is in its way. */
  async call<T>(call: TabCall, own: () => Promise<T>): Promise<T> {
    let ended: string | undefined;
    for (;;) {
      const leader = await this.#leader(ended);
      if (leader === undefined) return own();
      const answer = await this.#ask(leader, call);
      if (answer && "value" in answer) return answer.value as T;
      if (answer && answer.error.code !== "CLOSED") throw errorOf(answer.error);
      // It ended under the call, and does no more of it: whoever leads next does it.
      ended = leader;
    }
  }

  /** What the app is to be told where what made the events has failed, and will make no more. */
  failed(error: ReplicaError): ReplicaEvent[] {
    return this.#teller.failed(error);
  }

  /** Says and hears nothing any more. */
  close(): void {
    const channel = this.#channel;
    if (!channel) return;
    this.#channel = this.#warning = undefined;
    this.#lost();
    for (const answered of this.#asked.values()) answered(undefined);
    // What was told last is still on its way.
    void (this.#alive ?? Promise.resolve()).then(() => {
      channel.close();
      this.#dies?.();
    });
  }

  #say(news: News): void {
    const channel = this.#channel;
    void this.#alive?.then(() => channel?.postMessage({ type: "news", from: this.#id, news } satisfies Message));
  }

  #post(message: Message): void {
    this.#channel?.postMessage(message);
  }

  #receive(message: Message): void {
    if (!this.#channel) return;
    switch (message.type) {
      case "who": {
        const news = this.#teller.stand(this.#owner.version());
        if (news) this.#say(news);
        return;
      }
      case "news": {
        if (this.#teller.leads) return;
        const { from, news } = message;
        if (from !== this.#hearer.leader) this.#follow(from);
        this.#deliver(this.#hearer.hear(from, news, this.#owner.status()));
        this.#look();
        return;
      }
      case "call":
        if (message.to === this.#id) void this.#perform(message);
        return;
      case "answer":
        if (message.to === this.#id) this.#asked.get(message.id)?.(message.answer);
        return;
    }
  }

  async #perform({ from: to, id, call }: Message & { type: "call" }): Promise<void> {
    const answer = await this.#owner.perform(call).then(
      (value): Answer => ({ value }),
      (thrown: unknown): Answer => ({ error: plainError(ReplicaError.from(thrown)) }),
    );
    this.#post({ type: "answer", to, id, answer });
  }

  /** Resolves to the tab that leads, once it has said so; to nothing where that is this tab, or as soon as nobody leads. */
  async #leader(ended: string | undefined): Promise<string | undefined> {
    const alone = () => !this.#channel || this.#teller.leads;
    const other = () => (this.#hearer.leader === ended ? undefined : this.#hearer.leader);
    if (alone() || other() !== undefined) return other();
    const free = new AbortController();
    let look: () => void = () => undefined;
    try {
      return await new Promise((resolve) => {
        look = () => {
          if (alone() || other() !== undefined) resolve(other());
        };
        this.#waiting.add(look);
        const nobody = () => {
          resolve(undefined);
          // The module asks for the lead meanwhile, and is the first who does.
          return new Promise((asked) => setTimeout(asked));
        };
        this.#locks?.request(this.#lead, { mode: "shared", signal: free.signal }, nobody).catch(() => resolve(undefined));
      });
    } finally {
      this.#waiting.delete(look);
      free.abort();
    }
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }

  /**
   * A tab that is slow may answer after minutes; one that has ended is known by its lock. That another is heard says nothing
   * of it: what a dead tab said may come late, and the call would be done twice.
   */
  async #ask(to: string, call: TabCall): Promise<Answer | undefined> {
    const id = (this.#calls += 1);
    const watch = new AbortController();
    try {
      return await new Promise((resolve) => {
        this.#asked.set(id, resolve);
        this.#watchLife(to, watch.signal, () => resolve(undefined));
        this.#post({ type: "call", from: this.#id, to, id, call });
      });
    } finally {
      this.#asked.delete(id);
      watch.abort();
    }
  }

  /** Holds a lock of this tab's own for as long as it lives. */
  #live(): Promise<void> {
    return new Promise((granted) => {
      const life = () =>
        new Promise<void>((resolve) => {
          this.#dies = resolve;
          granted();
        });
      this.#locks?.request(this.#lifeOf(this.#id), life).catch(() => granted());
    });
  }

  /** Follows that tab, and notices when it ends: its lock is free then. */
  #follow(leader: string): void {
    this.#lost();
    this.#warn();
    const watch = (this.#watch = new AbortController());
    const ended = () => {
      if (this.#watch !== watch) return;
      this.#lost();
      this.#post({ type: "who" }); // news of two tabs may come in any order
    };
    this.#watchLife(leader, watch.signal, ended);
  }

  /** Calls `ended` once that tab has ended. */
  #watchLife(tab: string, signal: AbortSignal, ended: () => void): void {
    this.#locks?.request(this.#lifeOf(tab), { mode: "shared", signal }, ended).catch(() => undefined); // called off
  }

  #lifeOf(tab: string): string {
    return `${this.#name}:${tab}`;
  }

  /** Whoever led leads no more. */
  #lost(): void {
    this.#watch?.abort();
    this.#watch = undefined;
    this.#deliver(this.#hearer.end(this.#owner.status()));
    this.#look();
  }

  /** Of a rebuild in another tab's copy nothing is in sight here: that tab's status is all there is to tell. */
  #deliver(events: ReplicaEvent[]): void {
    for (const event of events) if (this.#owner.holding === "together" || event.type === "status") this.#owner.deliver(event);
  }

  #warn(): void {
    const warning = this.#warning;
    this.#warning = undefined;
    if (warning) this.#owner.deliver(warning);
  }
}

function warning(code: Warning["code"], message: string): Warning {
  return { type: "warning", code, message };
}
