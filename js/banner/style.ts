/** The banner's looks. Every colour and length an app may want otherwise is a custom property. */
export const STYLE = `
:host {
  --_background: var(--electric-banner-background, #eef6f5);
  --_color: var(--electric-banner-color, #14302d);
  --_accent: var(--electric-banner-accent, #0f766e);
  --_failed: var(--electric-banner-failed, #b42318);
  display: block;
  font: var(--electric-banner-font, inherit);
}
:host([hidden]) { display: none; }
.banner[data-kind] {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0.25rem 0.75rem;
  padding: var(--electric-banner-padding, 0.5rem 1rem);
  color: var(--_color);
  background: var(--_background);
  border-inline-start: 4px solid var(--_accent);
  animation: appear 150ms ease-out;
}
.banner[data-kind="failed"] { border-color: var(--_failed); }
.banner:not([data-kind]) slot { display: none; }
.text { flex: 1 1 12rem; }
.actions { display: flex; gap: 0.5rem; }
.actions:empty { display: none; }
button {
  font: inherit;
  color: inherit;
  background: transparent;
  padding: 0.2rem 0.75rem;
  border: 1px solid currentColor;
  border-radius: var(--electric-banner-radius, 0.375rem);
  cursor: pointer;
}
button:first-child { color: var(--_background); background: var(--_accent); border-color: var(--_accent); }
button:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
.track { flex: 1 0 100%; height: 4px; overflow: hidden; border-radius: 2px; background: color-mix(in srgb, var(--_accent) 20%, transparent); }
.track[hidden] { display: none; }
.bar { height: 100%; background: var(--_accent); transform-origin: left; transition: transform 150ms linear; }
:host(:dir(rtl)) .bar { transform-origin: right; }
.track:not([aria-valuenow]) .bar { animation: pass 1.2s ease-in-out infinite; }
@keyframes appear { from { opacity: 0; } }
@keyframes pass { from { transform: translateX(-100%); } to { transform: translateX(100%); } }
@media (prefers-color-scheme: dark) {
  :host {
    --_background: var(--electric-banner-background, #10211f);
    --_color: var(--electric-banner-color, #d8efec);
    --_accent: var(--electric-banner-accent, #2dd4bf);
    --_failed: var(--electric-banner-failed, #f97066);
  }
}
@media (prefers-reduced-motion: reduce) {
  .banner[data-kind], .track:not([aria-valuenow]) .bar { animation: none; }
  .bar { transition: none; }
  .track:not([aria-valuenow]) .bar { opacity: 0.5; }
}
`;
