/**
 * `<MigrationBanner>`: the custom element, with Vue's props and slots.
 *
 * Owns: nothing of what it shows. Must not know: words, events.
 */
import { defineComponent, h, onBeforeMount } from "vue";
import type { DefineSetupFnComponent, SlotsType } from "vue";

import { BANNER, defineMigrationBanner } from "../banner/element.js";
import type { BannerWords } from "../banner/words.js";
import { useElectricMigrations } from "./migrations.js";
import type { ElectricMigrations } from "./migrations.js";

// Vue takes no interface for it.
/** What `<MigrationBanner>` emits. */
export type MigrationBannerEmits = {
  /** The button that loads the page anew was pressed; `preventDefault()` keeps it from being loaded anew. */
  reload: (event: Event) => boolean;
};

/** The slots of `<MigrationBanner>`. Each is given what `useElectricMigrations()` gives. */
export interface MigrationBannerSlots {
  /** In place of all that it shows. */
  default?: ElectricMigrations;
  /** Before its words. */
  start?: ElectricMigrations;
  /** Behind its words. */
  end?: ElectricMigrations;
}

const word = { type: String, default: undefined };
const props: Record<keyof BannerWords, typeof word> = {
  first: word,
  changed: word,
  repair: word,
  forced: word,
  waiting: word,
  complete: word,
  failed: word,
  pending: word,
  outdated: word,
  progress: word,
  accept: word,
  later: word,
  reload: word,
  dismiss: word,
};

/**
 * Says when tables are rebuilt, how far that is, and what a person can do. Each of its words is a prop; its looks are custom
 * properties. The slots `start` and `end` stand before and behind its words; the slot `default` takes the place of all that it
 * shows. Each is given what `useElectricMigrations()` gives.
 */
export const MigrationBanner: DefineSetupFnComponent<Partial<BannerWords>, MigrationBannerEmits, SlotsType<MigrationBannerSlots>> = defineComponent({
  name: "MigrationBanner",
  props,
  emits: {
    reload: (event: Event) => event instanceof Event,
  },
  slots: Object as SlotsType<MigrationBannerSlots>,
  setup(words, { slots, emit }) {
    const migrations = useElectricMigrations();
    onBeforeMount(defineMigrationBanner); // not where pages are made on a server
    const placed = (name: "start" | "end") => (slots[name] ? [h("span", { slot: name }, slots[name](migrations))] : []);
    return () =>
      slots.default
        ? h("div", { role: "status" }, slots.default(migrations))
        : h(BANNER, { ...words, ".state": migrations.state.value, onReload: (event: Event) => emit("reload", event) }, [...placed("start"), ...placed("end")]);
  },
});
