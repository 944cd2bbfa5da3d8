/**
 * Shorter names between a module and its glue. wasm-bindgen ends each import's name with sixteen digits of a hash, which
 * no compression makes smaller; here both sides are made at once, and nobody else calls either.
 */

/** Called by the loader under their own names. */
const KEPT = /^(memory|__wbindgen_start)$/;

/**
 * @param {string} wat the module, as wasm-dis writes it
 * @param {string} glue the script that has its imports and calls its exports
 * @param {string} from the name of the script among the module's imports
 */
export function shorten(wat, glue, from) {
  /** @type {Map<string, string>} */
  const short = new Map();
  const text = wat.replaceAll(/^ \((import "([^"]+)"|export) "([^"]+)"/gm, (form, kind, module, name) => {
    if (KEPT.test(name) || (module !== undefined && module !== from)) return form;
    if (!short.has(name)) short.set(name, `_${short.size.toString(36)}`);
    return ` (${kind} "${short.get(name)}"`;
  });
  const names = [...short.keys()].map((name) => name.replaceAll("$", "\\$")).join("|");
  // An export of the module is a property of `wasm`; an import is a function of the script.
  const script = glue.replaceAll(new RegExp(String.raw`(?<=\bwasm\.|\bexport function )(${names})\b`, "g"), (name) => short.get(name) ?? name);
  return { wat: text, glue: script };
}
