/** @typedef {typeof import('./locales/en.js').default} Texts */
/** @typedef {import('./index.js').Snapshot} Snapshot */

/**
 * Puts values into a text with `{name}` places; an unknown place stays as it is.
 * @param {string} text
 * @param {Record<string, unknown>} values
 */
export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (place, name) => (Object.hasOwn(values, name) ? String(values[name]) : place));

/**
 * Looks a code up in a table of texts, falling back to the table's `unknown`.
 * @param {Record<string, string>} table
 * @param {string | undefined} code
 */
export const byCode = (table, code) => (code && Object.hasOwn(table, code) ? table[code] : table.unknown) ?? '';

/**
 * A text that is found by a word of the API, which may be one that is not known here.
 * @param {Texts} texts
 * @param {string} key
 * @param {string} otherwise
 */
export function textOf(texts, key, otherwise) {
  const text = Object.hasOwn(texts, key) ? /** @type {Record<string, unknown>} */ (texts)[key] : undefined;
  return typeof text === 'string' ? text : otherwise;
}

/**
 * The form of a counted text that the locale's plural rule asks for.
 * @param {Record<string, string>} forms
 * @param {number} count
 * @param {string | undefined} locale
 */
export const counted = (forms, count, locale) =>
  fill(forms[new Intl.PluralRules(locale).select(count)] ?? forms.other ?? '', { count });

/**
 * A copy of the base texts with some replaced, tables merged one level deep.
 * @param {Texts} base
 * @param {Record<string, any> | undefined} replacing
 * @returns {Texts}
 */
export function mergeTexts(base, replacing) {
  /** @type {Record<string, any>} */
  const merged = { ...base };
  for (const [key, value] of Object.entries(replacing ?? {})) {
    merged[key] = typeof value === 'object' && value ? { ...merged[key], ...value } : value;
  }
  return /** @type {Texts} */ (merged);
}

/**
 * The text of a refused edit, with limit and actual value filled in.
 * @param {Texts} texts
 * @param {{ code: string, limit?: number | string, actual?: number | string }} refusal
 */
export const refusalText = (texts, refusal) => fill(byCode(texts.refusals, refusal.code), { ...refusal });

/**
 * Why a code was not accepted; why its campaign was left out says more than the reason.
 * @param {Texts} texts
 * @param {{ code: string, reason?: string, campaignExclusionReason?: string }} rejected
 */
export function rejectionText(texts, { code, reason, campaignExclusionReason: exclusion }) {
  const why = exclusion ? byCode(texts.exclusions, exclusion) : byCode(texts.reasons, reason);
  return fill(texts.notAccepted, { code, reason: why });
}

/**
 * The name of an additional cost: from the texts, else the API name in words.
 * @param {Texts} texts
 * @param {string} name
 */
export function costName(texts, name) {
  /** @type {Record<string, string>} */
  const table = texts.costs;
  if (Object.hasOwn(table, name)) return table[name] ?? name;
  const words = name
    .replaceAll('_', ' ')
    .replace(/(\p{Ll})(\p{Lu})/gu, (_, end, start) => `${end} ${start.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * What the shop said about single fields, read from a 400 body that may lack anything.
 * @param {Snapshot['sync']['error'] | undefined} error
 * @returns {{ pointer: string, path: string[], text: string }[]}
 */
export function fieldProblems(error) {
  const problem = /** @type {any} */ (error?.problem);
  const entries = Array.isArray(problem?.errors) ? problem.errors : [];
  return entries.map((/** @type {any} */ entry) => {
    const pointer = typeof entry?.source?.pointer === 'string' ? entry.source.pointer : '';
    return {
      pointer,
      path: pointer.split('/').filter(Boolean),
      text: String(entry?.details || entry?.title || problem.message || ''),
    };
  });
}

/**
 * What went wrong, as one text; a refusal names its fields.
 * @param {Texts} texts
 * @param {{ code?: string, problem?: unknown } | undefined} error
 */
export function errorText(texts, error) {
  if (error?.code !== 'rejected') return byCode(texts.errors, error?.code);
  const fields = fieldProblems(/** @type {any} */ (error)).map(({ text, pointer }) =>
    pointer ? `${text} (${pointer})` : text,
  );
  const message = /** @type {any} */ (error).problem?.message;
  const details = fields.filter(Boolean).join(' ') || (typeof message === 'string' ? message : '');
  return details ? fill(texts.errors.rejected, { details }) : texts.errors.rejectedPlain;
}

/**
 * The quiet line that says how the cart and the shop stand; empty when there is nothing to say.
 * @param {Texts} texts
 * @param {Snapshot} snapshot
 */
export function syncText(texts, snapshot) {
  const { phase, error } = snapshot.sync;
  const behind = snapshot.acknowledgedRevision < snapshot.revision;
  switch (phase) {
    case 'finished':
      return '';
    case 'blocked':
      return fill(texts.sync.blocked, { reason: errorText(texts, error) });
    case 'idle':
      return behind ? texts.sync.saving : snapshot.revision > 0 || snapshot.session ? texts.sync.saved : '';
    case 'manual':
      return behind ? texts.sync.manual : texts.sync.saved;
    case 'scheduled':
    case 'sending':
    case 'follower':
      return texts.sync.saving;
    default:
      return texts.sync[phase] ?? texts.sync.saving;
  }
}
