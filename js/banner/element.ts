/**
 * The custom element `<electric-migration-banner>`.
 *
 * Owns: its elements, and which of the window's events it goes by. Must not know: what its words are, or what they are said of.
 */
import type { MigrationPending, ReplicaEvent } from "../events.js";
import { after, QUIET, TOLD, without } from "./state.js";
import type { MigrationState } from "./state.js";
import { STYLE } from "./style.js";
import { viewOf, WORDS } from "./words.js";
import type { BannerAction, BannerView, BannerWords } from "./words.js";

/** Its name. */
export const BANNER = "electric-migration-banner";

/** For how many milliseconds it says that a rebuild is finished. */
const LINGER_MS = 4_000;

const NAMES = Object.keys(WORDS) as (keyof BannerWords)[];

/**
 * `<electric-migration-banner>`, once {@link defineMigrationBanner} was called. Each of its words is an attribute of that name;
 * what the page puts into its slots `start` and `end` stands before and behind them.
 */
export interface MigrationBannerElement extends HTMLElement {
  /** What it shows. Where the app sets none, it goes by the events that the window is told. */
  state: MigrationState | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    "electric-migration-banner": MigrationBannerElement;
  }
}

/**
 * Makes `<electric-migration-banner>` known to the page: a region that says when tables are rebuilt, how far that is, and what
 * a person can do. It stands where it is put, covers nothing and takes no focus. Safe to call any number of times; does nothing
 * where there is no page.
 *
 * Its button that reloads sends a cancelable event `reload` first, and reloads the page unless that was cancelled.
 */
export function defineMigrationBanner(): void {
  if (typeof customElements === "undefined" || customElements.get(BANNER)) return;
  customElements.define(BANNER, bannerClass());
}

/** There is no `HTMLElement` to extend before there is a page. */
function bannerClass(): CustomElementConstructor {
  return class extends HTMLElement implements MigrationBannerElement {
    static readonly observedAttributes = NAMES;

    #given: MigrationState | undefined;
    #heard = QUIET;
    readonly #answered = new WeakSet();
    #lingering: ReturnType<typeof setTimeout> | undefined;
    #ended = new AbortController();
    readonly #parts = build(this.attachShadow({ mode: "open" }));

    get state(): MigrationState | undefined {
      return this.#given;
    }

    set state(state: MigrationState | undefined) {
      this.#given = state;
      this.#show();
    }

    connectedCallback(): void {
      this.#upgrade();
      this.#ended = new AbortController();
      const { signal } = this.#ended;
      for (const name of TOLD) {
        window.addEventListener(
          `electric:${name}`,
          (event) => {
            this.#heard = after(this.#heard, (event as CustomEvent<ReplicaEvent>).detail);
            this.#show();
          },
          { signal },
        );
      }
      this.#show();
    }

    disconnectedCallback(): void {
      this.#ended.abort();
      clearTimeout(this.#lingering);
      this.#heard = QUIET; // what happens while it is out of the page it does not hear
    }

    attributeChangedCallback(): void {
      this.#show();
    }

    /** What was set before the page knew this element hides what it should have gone to. */
    #upgrade(): void {
      if (!Object.hasOwn(this, "state")) return;
      const { state } = this;
      Reflect.deleteProperty(this, "state");
      this.state = state;
    }

    get #state(): MigrationState {
      return this.#given ?? this.#heard;
    }

    #show(): void {
      const words = { ...WORDS };
      for (const name of NAMES) words[name] = this.getAttribute(name) ?? WORDS[name];
      const view = viewOf(without(this.#state, this.#answered), words);
      draw(this.#parts, view, words, (action) => this.#act(action));
      clearTimeout(this.#lingering);
      const { complete } = this.#state;
      if (this.isConnected && view?.kind === "complete") this.#lingering = setTimeout(() => this.#answer(complete), LINGER_MS);
    }

    #act(action: BannerAction): void {
      const { pending, error } = this.#state;
      switch (action) {
        case "accept":
          this.#accept(pending);
          break;
        case "later":
          pending?.later();
          this.#answer(pending);
          break;
        case "reload":
          if (this.dispatchEvent(new Event("reload", { bubbles: true, cancelable: true }))) location.reload();
          break;
        case "dismiss":
          this.#answer(error);
          break;
      }
    }

    /** Where nothing came of it, `migration:error` tells why, and the person is asked again. */
    #accept(pending: MigrationPending | undefined): void {
      if (!pending) return;
      this.#answer(pending);
      const ask = (): void => {
        this.#answered.delete(pending);
        this.#show();
      };
      pending.accept().then((rebuilt) => {
        if (!rebuilt) ask();
      }, ask);
    }

    /** What was answered is not shown again; the next such event is. */
    #answer(event: object | undefined): void {
      if (event) this.#answered.add(event);
      this.#show();
    }
  };
}

interface Parts {
  banner: HTMLElement;
  text: HTMLElement;
  track: HTMLElement;
  bar: HTMLElement;
  actions: HTMLElement;
}

function build(root: ShadowRoot): Parts {
  const sheet = new CSSStyleSheet(); // no `style-src` of a page keeps it out
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const part = (name: string, ...within: Node[]): HTMLElement => {
    const element = document.createElement("div");
    element.className = name;
    element.part.add(name);
    element.append(...within);
    return element;
  };
  const text = part("text");
  // It is there before it says anything: what a region says when it appears is not read out.
  text.setAttribute("role", "status");
  const bar = part("bar");
  const track = part("track", bar);
  track.setAttribute("role", "progressbar");
  const actions = part("actions");
  const place = (name: string): HTMLSlotElement => Object.assign(document.createElement("slot"), { name });
  const banner = part("banner", place("start"), text, actions, place("end"), track);
  root.append(banner);
  return { banner, text, track, bar, actions };
}

function draw({ banner, text, track, bar, actions }: Parts, view: BannerView | undefined, words: BannerWords, act: (action: BannerAction) => void): void {
  if (view) banner.dataset["kind"] = view.kind;
  else delete banner.dataset["kind"];
  // Said again, the same would be read out again.
  if (text.textContent !== (view?.text ?? "")) text.textContent = view?.text ?? "";

  track.hidden = view?.bar === undefined;
  track.setAttribute("aria-label", words.progress);
  if (typeof view?.bar === "number") {
    track.setAttribute("aria-valuenow", String(Math.round(view.bar * 100)));
    bar.style.transform = `scaleX(${view.bar})`;
  } else {
    track.removeAttribute("aria-valuenow");
    bar.style.transform = "";
  }

  // The buttons stay the same elements as long as they are the same buttons: one of them may have the focus.
  const wanted = (view?.actions ?? []).map((action) => [action, words[action]] as const);
  const shown = [...actions.children].map((button) => [(button as HTMLElement).dataset["action"], button.textContent] as const);
  if (JSON.stringify(wanted) === JSON.stringify(shown)) return;
  actions.replaceChildren(
    ...wanted.map(([action, word]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset["action"] = action;
      button.textContent = word;
      button.addEventListener("click", () => act(action));
      return button;
    }),
  );
}
