/** The style of the element; everything a shop may want to change is a custom property or a part. */
const css = `
:host {
  --_color: var(--cartwright-color, #1d2129);
  --_muted: var(--cartwright-muted, #5c6470);
  --_surface: var(--cartwright-surface, #ffffff);
  --_border: var(--cartwright-border, #dcdfe4);
  --_accent: var(--cartwright-accent, #1f5f4a);
  --_on-accent: var(--cartwright-on-accent, #ffffff);
  --_danger: var(--cartwright-danger, #b3261e);
  --_success: var(--cartwright-success, #1a7048);
  --_radius: var(--cartwright-radius, 0.625rem);
  --_gap: var(--cartwright-gap, 1rem);
  --_control: 2.5rem;
  display: block;
  color: var(--_color);
  font: var(--cartwright-font, inherit);
  line-height: 1.45;
}
@supports (color: light-dark(#000, #fff)) {
  :host {
    --_color: var(--cartwright-color, light-dark(#1d2129, #eceef1));
    --_muted: var(--cartwright-muted, light-dark(#5c6470, #a4acb8));
    --_surface: var(--cartwright-surface, light-dark(#ffffff, #1b1f24));
    --_border: var(--cartwright-border, light-dark(#dcdfe4, #3a4049));
    --_accent: var(--cartwright-accent, light-dark(#1f5f4a, #7fd1b0));
    --_on-accent: var(--cartwright-on-accent, light-dark(#ffffff, #0c1f18));
    --_danger: var(--cartwright-danger, light-dark(#b3261e, #ff9a92));
    --_success: var(--cartwright-success, light-dark(#1a7048, #6fd6a2));
  }
}
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
h2, p, ul, dl, dd { margin: 0; padding: 0; }
ul { list-style: none; }
button, input { font: inherit; color: inherit; margin: 0; }
button { cursor: pointer; touch-action: manipulation; -webkit-tap-highlight-color: transparent; }
button:disabled, button[aria-disabled=true] { cursor: default; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
.title:focus { outline: none; }

.card {
  background: var(--_surface);
  border: 1px solid var(--_border);
  border-radius: calc(var(--_radius) * 1.5);
  padding: calc(var(--_gap) * 1.25);
}
.open, .closed { display: grid; gap: var(--_gap); grid-template-columns: minmax(0, 1fr); }
.fields { display: grid; gap: var(--_gap); grid-template-columns: minmax(0, 1fr); min-width: 0; margin: 0; padding: 0; border: 0; }
.header { display: flex; align-items: baseline; justify-content: space-between; gap: var(--_gap); }
.title { font-size: 1.25em; font-weight: 650; line-height: 1.2; letter-spacing: -0.01em; }
.muted { color: var(--_muted); font-size: 0.875em; }
.amount { font-variant-numeric: tabular-nums; white-space: nowrap; }
.icon { width: 1.25rem; height: 1.25rem; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; flex: none; }

.lines { border-block: 1px solid var(--_border); }
.line {
  display: grid;
  grid-template-columns: 3.5rem minmax(0, 1fr) auto;
  grid-template-areas: "thumb about amounts" "thumb tools tools" "thumb saving saving" "error error error";
  column-gap: calc(var(--_gap) * 0.75);
  padding-block: var(--_gap);
}
.line + .line { border-top: 1px solid var(--_border); }
.thumb {
  grid-area: thumb; width: 3.5rem; height: 3.5rem; overflow: hidden;
  border-radius: var(--_radius); background: color-mix(in srgb, var(--_muted) 14%, transparent);
}
.thumb img { display: block; width: 100%; height: 100%; object-fit: cover; }
.placeholder { display: grid; place-items: center; height: 100%; color: var(--_muted); font-size: 1.25rem; font-weight: 600; }
.about { grid-area: about; }
.name { font-weight: 600; overflow-wrap: anywhere; }
.saving { grid-area: saving; color: var(--_success); font-size: 0.875em; overflow-wrap: anywhere; }
.amounts { grid-area: amounts; display: flex; flex-direction: column; align-items: flex-end; }
.amounts .amount { font-weight: 600; }
.tools, .line > .saving, .line > .error { margin-top: 0.375rem; }
.tools { grid-area: tools; display: flex; align-items: center; justify-content: space-between; gap: var(--_gap); }
.line > .error { grid-area: error; }
.stepper { display: inline-flex; border: 1px solid var(--_border); border-radius: var(--_radius); }
.step { display: grid; place-items: center; width: var(--_control); height: var(--_control); padding: 0; border: 0; background: none; border-radius: inherit; }
.step[aria-disabled=true] { opacity: 0.35; }
.quantity {
  width: 3.5rem; height: var(--_control); padding: 0; border: 0; border-inline: 1px solid var(--_border);
  background: none; text-align: center; font-variant-numeric: tabular-nums; border-radius: 0;
}
.quantity:focus-visible { outline-offset: -2px; }
.quantity[aria-invalid] { color: var(--_danger); box-shadow: inset 0 -2px var(--_danger); }
.quiet {
  display: grid; place-items: center; width: var(--_control); height: var(--_control); padding: 0; border: 0;
  background: none; color: var(--_muted); border-radius: var(--_radius);
}
@media (hover: hover) {
  .step:hover:not([aria-disabled=true]), .quiet:hover, .secondary:hover { background: color-mix(in srgb, var(--_color) 8%, transparent); }
  .quiet:hover { color: var(--_color); }
  .primary:hover:enabled { background: color-mix(in srgb, var(--_accent) 88%, var(--_color)); }
}

.empty { padding-block: calc(var(--_gap) * 1.5); text-align: center; }
.error { color: var(--_danger); font-size: 0.875em; white-space: pre-line; overflow-wrap: anywhere; }
.box { padding: 0.625rem 0.75rem; border-radius: var(--_radius); background: color-mix(in srgb, var(--_danger) 10%, transparent); }

.notifications, .offers { display: grid; gap: calc(var(--_gap) / 2); }
.notification {
  padding: 0.625rem 0.75rem; border-radius: var(--_radius); font-size: 0.9375em; overflow-wrap: anywhere;
  background: color-mix(in srgb, var(--_accent) 10%, transparent); border-inline-start: 3px solid var(--_accent);
}
.notification[data-type=error] { background: color-mix(in srgb, var(--_danger) 10%, transparent); border-color: var(--_danger); }
.offer {
  display: grid; grid-template-columns: auto minmax(0, 1fr) auto; align-items: center; gap: 0.75rem;
  padding: 0.5rem 0.5rem 0.5rem 0.75rem; border: 1px dashed var(--_success); border-radius: var(--_radius);
}
.offer > .icon { color: var(--_success); }

.codes { display: grid; gap: 0.375rem; }
.label { font-size: 0.875em; font-weight: 600; }
.entry { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.5rem; }
.entry input {
  min-width: 0; height: calc(var(--_control) + 0.25rem); padding-inline: 0.75rem;
  border: 1px solid color-mix(in srgb, var(--_border) 60%, var(--_muted)); border-radius: var(--_radius); background: transparent;
}
.entry input[aria-invalid] { border-color: var(--_danger); }
.secondary {
  min-height: var(--_control); padding-inline: 1rem; font-weight: 600;
  border: 1px solid color-mix(in srgb, var(--_border) 60%, var(--_muted)); border-radius: var(--_radius); background: transparent;
}
.chips { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-top: 0.25rem; }
.chip {
  display: inline-flex; align-items: center; gap: 0.375rem; max-width: 100%; padding-inline-start: 0.625rem;
  border: 1px solid var(--_border); border-radius: var(--_radius); font-size: 0.875em;
}
.chip .code { font-weight: 600; overflow-wrap: anywhere; }
.chip .quiet { width: 2.25rem; height: 2.25rem; }
.chip .icon { width: 1rem; height: 1rem; }
.chip[data-status=accepted] { border-color: color-mix(in srgb, var(--_success) 50%, transparent); background: color-mix(in srgb, var(--_success) 9%, transparent); }
.chip[data-status=accepted] > .icon, .chip[data-status=accepted] > .muted { color: var(--_success); }
.chip[data-status=rejected] { border-color: color-mix(in srgb, var(--_danger) 50%, transparent); background: color-mix(in srgb, var(--_danger) 8%, transparent); }
.chip[data-status=rejected] > .icon, .chip[data-status=rejected] > .muted { color: var(--_danger); }
.referral summary { width: fit-content; padding-block: 0.25rem; font-size: 0.875em; color: var(--_muted); cursor: pointer; border-radius: 0.25rem; }
.referral[open] summary { margin-bottom: 0.375rem; }

.totals, .rows { display: grid; gap: 0.375rem; }
.totals { padding-top: var(--_gap); border-top: 1px solid var(--_border); }
.row { display: flex; align-items: baseline; justify-content: space-between; gap: var(--_gap); }
.row > :first-child { min-width: 0; overflow-wrap: anywhere; }
.row-discount { color: var(--_success); }
.row-payable { padding-top: 0.25rem; font-size: 1.375em; font-weight: 700; line-height: 1.2; letter-spacing: -0.01em; }
.rewards { display: grid; gap: 0.25rem; color: var(--_muted); font-size: 0.875em; text-align: start; }
.reward { color: var(--_success); font-variant-numeric: tabular-nums; text-align: end; overflow-wrap: anywhere; }
[part~=payable], [part~=line-payable] { transition: opacity 0.2s; }
[part~=stale], [part~=pending] [part~=line-payable] { opacity: 0.55; transition-delay: 0.25s; }

.primary {
  display: flex; align-items: center; justify-content: center; gap: 0.75rem; flex-wrap: wrap; width: 100%; min-height: 3.25rem;
  padding: 0.5rem 1rem; border: 0; border-radius: var(--_radius); background: var(--_accent); color: var(--_on-accent);
  font-weight: 650; font-size: 1.0625em;
}
.primary:disabled { opacity: 0.45; }
.primary[aria-busy] { opacity: 0.75; }
.link { padding: 0; border: 0; background: none; color: var(--_accent); text-decoration: underline; text-underline-offset: 0.15em; }
.sync { min-height: 1.45em; text-align: center; }
[part=footer]:has(> slot) { margin-top: 0; }
::slotted([slot=footer]) { margin-top: var(--_gap); }

.closed { justify-items: stretch; text-align: center; padding-top: 0.5rem; }
.mark {
  display: grid; place-items: center; width: 3.5rem; height: 3.5rem; margin-inline: auto; border-radius: 50%;
  color: var(--_success); background: color-mix(in srgb, var(--_success) 14%, transparent);
}
.mark .icon { width: 2rem; height: 2rem; }
.receipt { display: grid; gap: 0.375rem; text-align: start; padding-top: var(--_gap); border-top: 1px solid var(--_border); }
.closed .totals { text-align: start; }
.row-reference { color: var(--_muted); font-size: 0.875em; }
.reference { color: var(--_color); font-family: ui-monospace, monospace; font-size: 0.875em; overflow-wrap: anywhere; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@media (pointer: coarse) {
  :host { --_control: 2.75rem; }
  .chip .quiet { width: 2.75rem; height: 2.75rem; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
@media (forced-colors: active) {
  .primary, .chip, .notification, .box { border: 1px solid; }
}
`;

/** @type {CSSStyleSheet | undefined} */
let sheet;

/** The one style sheet that all elements share; made when the first one needs it. */
export function styleSheet() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  return sheet;
}
