/**
 * Takes a WebAssembly module apart: into what every page needs, and what is loaded when it is needed. Both have one
 * memory and one table; the second imports all of it from the first.
 *
 * A *gate* is a function through which alone the second module may be entered. Whatever cannot be reached without a gate
 * goes there. In the first, a gate is a call through the table, at a place that is empty until the second is loaded.
 *
 * Where the linker told what refers to what (references.mjs), constants that only the second needs are in its own data, and
 * what the table holds stays only if something that stays holds its place. Without that, all of it does.
 *
 * Works on the text that wasm-dis writes: one form a line, but for functions, which end with a line of their own.
 */
import { createHash } from "node:crypto";

import { Failure } from "../lib/failure.mjs";
import { imageOf } from "./data.mjs";
import { alike } from "./order.mjs";
import { parted } from "./reach.mjs";

const NAME = String.raw`(?:\$"(?:[^"\\]|\\.)*"|\$[^\s()]+)`;
const HASH = /\[[0-9a-f]{16}\]/g;
/** What the first module's exports are called in the second. */
const FIRST = "first";
/** How many digits of a hash tell two builds apart. */
const DIGITS = 12;

/** @typedef {{ name: string, text: string, calls: string[], signature: string }} Func */

/**
 * @param {string} wat the module, with its names
 * @param {RegExp[]} gates each matches the name of at least one function, as Rust shows it, without the crates' hashes
 * @param {import("./references.mjs").References} [linked] what the linker told, by the names that functions have in `wat`
 * @returns {{ first: string, second: string, moved: number }} two modules, and how many functions the second has
 */
export function split(wat, gates, linked) {
  const { forms, functions } = read(wat);
  // The second half holds addresses of its own build: one of another must not link.
  const build = createHash("sha256").update(wat).digest("hex").slice(0, DIGITS);
  const stateLabel = (/** @type {string} */ form) => `${/^\((\w)/.exec(form)?.[1]}.${names(form)[0]?.slice(1)}.${build}`;
  const table = only(forms.filter((form) => form.startsWith("(table ") && form.includes("funcref")), "table of functions");
  const elements = only(forms.filter((form) => form.startsWith("(elem ")), "list of the table's functions");
  const entries = names(elements.replace(/^.*\(i32\.const \d+\)/, ""));
  const base = Number(/\(i32\.const (\d+)\)/.exec(elements)?.[1]);
  const tableName = only(names(table), "name of the table");

  const isGate = gatekeeper(functions, gates);
  const roots = forms.filter((form) => /^\((export|start|global) /.test(form)).flatMap(names);
  // Of an exported table JavaScript may call everything.
  const isOpen = forms.some((form) => form.startsWith("(export ") && form.endsWith(`(table ${tableName}))`));
  const told = { table: { base, entries }, image: imageOf(forms.filter(isData)), linked: isOpen ? undefined : linked };
  const { staying, leaving, data } = parted(functions, roots, isGate, told);
  const moving = [...functions.values()].filter(({ name }) => leaving.has(name));

  const doors = [...functions.values()].filter(({ name }) => isGate(name) && [...staying].some((caller) => functions.get(String(caller))?.calls.includes(name)));
  const size = Number(/ (\d+) \d+ funcref/.exec(table)?.[1]);
  /** Where the second module puts its functions in the table. @type {[number, string][]} */
  const places = doors.map(({ name }, index) => [size + index, name]);
  entries.forEach((name, index) => void (leaving.has(name) && places.push([base + index, name])));

  const imports = new Map(forms.filter((form) => form.startsWith("(import ")).map((form) => [only(names(form), "name of an import"), form]));
  const shared = [...new Set(moving.flatMap(({ calls }) => calls))].filter((name) => !leaving.has(name));
  const label = new Map(shared.map((name, index) => [name, index.toString(36)]));

  const grown = table.replace(/ \d+ \d+ funcref/, ` ${size + doors.length} ${size + doors.length} funcref`);
  const empty = "$unloaded";
  const first = [
    ...forms.filter((form) => !isData(form)).map((form) => {
      if (form === table) return grown;
      if (form !== elements) return form;
      const kept = entries.map((name) => (staying.has(name) ? name : empty));
      return element(tableName, base, kept);
    }),
    ...shared.map((name) => `(export "${label.get(name)}" (func ${name}))`),
    ...forms.filter(isState).map((form) => `(export "${stateLabel(form)}" (${/^\((\w+)/.exec(form)?.[1]} ${names(form)[0]}))`),
    ...data.first,
    `(func ${empty} unreachable)`,
    ...doors.map((door, index) => passage(door, size + index, tableName)),
    ...alike([...functions.values()].filter(({ name }) => staying.has(name)).map(({ text }) => text)),
  ];
  const second = [
    ...forms.filter((form) => form.startsWith("(type ")),
    ...shared.map((name) => `(import "${FIRST}" "${label.get(name)}" (func ${name} ${signature(functions.get(name)?.signature ?? imports.get(name))}))`),
    ...forms.filter(isState).map((form) => `(import "${FIRST}" "${stateLabel(form)}" ${declaration(form === table ? grown : form)})`),
    ...places.map(([at, name]) => element(tableName, at, [name])),
    ...data.second,
    ...alike(moving.map(({ text }) => text)),
  ];
  return { first: `(module\n${first.join("\n")}\n)`, second: `(module\n${second.join("\n")}\n)`, moved: moving.length };
}

/** @param {string} wat */
function read(wat) {
  /** @type {string[]} */
  const forms = [];
  /** @type {Map<string, Func>} */
  const functions = new Map();
  const lines = wat.split("\n").filter((line) => !/^\s*;;/.test(line));
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (line.startsWith(" (func ")) {
      const end = lines.indexOf(" )", at);
      const text = lines.slice(at, end + 1).join("\n");
      const [name = ""] = names(line);
      const calls = [...text.matchAll(new RegExp(String.raw`\((?:call|return_call|ref\.func) (${NAME})`, "g"))].map(([, callee = ""]) => callee);
      functions.set(name, { name, text, calls: [...new Set(calls)], signature: line });
      at = end;
    } else if (line.startsWith(" (")) {
      forms.push(line.trim());
    }
  }
  return { forms, functions };
}

/** @param {Map<string, Func>} functions @param {RegExp[]} gates */
function gatekeeper(functions, gates) {
  const shown = [...functions.keys()].map((name) => /** @type {const} */ ([name, name.replace(/^\$"?|"$/g, "").replaceAll(HASH, "")]));
  const kept = gates.flatMap((gate) => {
    const found = shown.filter(([, rust]) => gate.test(rust)).map(([name]) => name);
    // Renamed, or inlined where it is called: what is behind it would silently stay.
    if (found.length === 0) throw new Failure(`splitting the module: no function is ${gate}`);
    return found;
  });
  const all = new Set(kept);
  return (/** @type {string} */ name) => all.has(name);
}

/** @param {string} table @param {number} at @param {string[]} functions */
const element = (table, at, functions) => `(elem (table ${table}) (i32.const ${at}) func ${functions.join(" ")})`;

/** A function that goes on through the table. @param {Func} door @param {number} at @param {string} table */
function passage({ name, signature: header }, at, table) {
  const parts = signature(header);
  const params = [...parts.matchAll(/\(param (?:\$\S+ )?(\w+)\)/g)].map(([, type]) => type);
  const args = params.map((_type, index) => `(local.get ${index})`).join(" ");
  return `(func ${name} ${parts} (call_indirect ${table} ${parts.replaceAll(/\(param \$\S+ /g, "(param ")} ${args} (i32.const ${at})))`;
}

/** The parameters and results of a function's or an import's form. @param {string | undefined} form */
function signature(form) {
  return [...(form ?? "").matchAll(/\((?:param|result)[^()]*\)/g)].map(([part]) => part).join(" ");
}

/** Memory, tables and what changes of the globals. @param {string} form */
const isState = (form) => /^\((memory|table) /.test(form) || /^\(global .*\(mut /.test(form);

const isData = (/** @type {string} */ form) => form.startsWith("(data ");

/** The form without what only the module that owns it says. @param {string} form */
const declaration = (form) => (form.startsWith("(global ") ? form.replace(/ \([a-z0-9]+\.const [^()]*\)\)$/, ")") : form);

/** @param {string} form */
const names = (form) => form.match(new RegExp(NAME, "g")) ?? [];

/** @template T @param {T[]} found @param {string} what @returns {T} */
function only(found, what) {
  const [one] = found;
  if (one === undefined || found.length > 1) throw new Failure(`splitting the module: it has ${found.length} of what should be its only ${what}`);
  return one;
}
