/** Finding and making elements. */

/** The element of a test id: the page's own markup, so it is there. */
export function part(name: string): HTMLElement;
export function part<Kind extends HTMLElement>(name: string, kind: new () => Kind): Kind;
export function part(name: string, kind: new () => HTMLElement = HTMLElement): HTMLElement {
  const found = document.querySelector(`[data-testid="${name}"]`);
  if (!(found instanceof kind)) throw new Error(`finding a part of the page: there is no ${name}`);
  return found;
}

export function make<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, text = '', className = ''): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className !== '') element.className = className;
  return element;
}

const counts = new Intl.NumberFormat('en');

/** A count as people read it. */
export function count(value: number): string {
  return counts.format(value);
}
