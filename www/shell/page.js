/** What the page does, as the core calls it; "shown" or "hidden" is asked where it says so. */
const SIGNALS = [
  ['window', 'online', 'online'],
  ['window', 'offline', 'offline'],
  ['window', 'pageshow', 'shown'],
  ['window', 'pagehide', 'hidden'],
  ['document', 'visibilitychange', undefined],
];

/**
 * Hands on what happens to the page; does nothing where there is none.
 *
 * @param {(name: string) => void} signal
 * @param {() => void} back the page was put away as it was, and is back
 * @returns {() => void} stops it
 */
export function watchPage(signal, back) {
  /** @type {any} */
  const { document, addEventListener, navigator } = globalThis;
  /** @type {Record<string, EventTarget | undefined>} */
  const targets = { window: addEventListener && globalThis, document };
  const off = SIGNALS.map(([target, type, name]) => {
    const listener = (/** @type {any} */ { persisted }) => {
      signal(name ?? (document.visibilityState === 'hidden' ? 'hidden' : 'shown'));
      if (name === 'shown' && persisted) back();
    };
    const at = targets[String(target)];
    at?.addEventListener(String(type), listener);
    return () => at?.removeEventListener(String(type), listener);
  });
  if (navigator?.onLine === false) signal('offline');
  return () => {
    for (const remove of off) remove();
  };
}
