import { createRenderer } from "vue";

/** Renders to nothing: there is no page. */
export const { createApp } = createRenderer<object, object>({
  createElement: () => ({}),
  createText: () => ({}),
  createComment: () => ({}),
  setText: () => undefined,
  setElementText: () => undefined,
  patchProp: () => undefined,
  insert: () => undefined,
  remove: () => undefined,
  parentNode: () => null,
  nextSibling: () => null,
});
