import { h, icon, keyedRows, setAttribute, setText, showText } from './dom.js';
import { fill, refusalText, rejectionText, textOf } from './wording.js';

/** @typedef {import('./view.js').Context} Context */
/** @typedef {{ code: string, status: string, reason?: string, detail?: string }} Code */

const ACCEPTED = 'M6 12.5l4 4 8-9';
const REJECTED = 'M12 7v6M12 16.5v.5';
const CROSS = 'M7 7l10 10M17 7L7 17';

/**
 * A field for codes with its chips and, beside it, why a code was not accepted.
 * @param {'coupon' | 'referral'} kind
 * @param {{
 *   add: (context: Context, code: string) => import('./index.js').Result,
 *   remove: (context: Context, code: string) => import('./index.js').Result,
 * }} edits
 */
export function createCodes(kind, edits) {
  const label = h('label', { part: 'label', for: kind, class: 'label' });
  const errorId = `${kind}-error`;
  const input = h('input', {
    id: kind,
    part: `input ${kind}-input`,
    type: 'text',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    enterkeyhint: 'done',
    'aria-describedby': errorId,
  });
  const add = h('button', { type: 'submit', part: `add ${kind}-add`, class: 'secondary' });
  const error = h('p', { part: `error ${kind}-error`, class: 'error', role: 'alert', id: errorId });
  error.hidden = true;
  const chips = h('ul', { role: 'list', part: `chips ${kind}-chips`, class: 'chips' });
  const form = h(
    'form',
    { part: `${kind}-form`, class: 'codes', novalidate: '' },
    label,
    h('div', { class: 'entry' }, input, add),
    error,
    chips,
  );

  /** @type {Context} */
  let context;
  /** @type {readonly Code[]} */
  let codes = [];
  let refused = '';
  let problem = '';

  const showError = () => {
    const rejected = codes
      .filter(({ status }) => status === 'rejected')
      .map((code) => rejectionText(context.texts, code));
    const text = [refused, problem, ...rejected].filter(Boolean).join('\n');
    showText(error, text);
    setAttribute(input, 'aria-invalid', refused || problem ? 'true' : null);
  };

  const rows = keyedRows(
    chips,
    (/** @type {Code} */ { code }) => code,
    ({ code }) => {
      const good = icon(ACCEPTED);
      const bad = icon(REJECTED);
      const status = h('span', { part: 'code-status', class: 'muted' });
      const remove = h('button', { type: 'button', part: 'code-remove', class: 'quiet' }, icon(CROSS));
      const node = h(
        'li',
        { class: 'chip', 'data-code': code },
        good,
        bad,
        h('span', { part: 'code', class: 'code' }, code),
        status,
        remove,
      );
      remove.addEventListener('click', () => {
        const result = edits.remove(context, code);
        refused = result.ok ? '' : refusalText(context.texts, result.error);
        showError();
        if (result.ok) input.focus();
      });
      return {
        node,
        /**
         * @param {Code} entry
         * @param {Context} newest
         */
        update(entry, { texts }) {
          setAttribute(node, 'part', `chip ${kind} ${entry.status}`);
          setAttribute(node, 'data-status', entry.status);
          setAttribute(node, 'data-reason', entry.reason ?? null);
          setText(status, textOf(texts, entry.status, texts.entered));
          good.toggleAttribute('hidden', entry.status !== 'accepted');
          bad.toggleAttribute('hidden', entry.status !== 'rejected');
          setAttribute(remove, 'aria-label', fill(texts.removeCode, { code: entry.code }));
        },
      };
    },
  );

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const result = edits.add(context, input.value);
    refused = result.ok ? '' : refusalText(context.texts, result.error);
    if (result.ok) input.value = '';
    showError();
  });
  input.addEventListener('input', () => {
    if (!refused) return;
    refused = '';
    showError();
  });

  return {
    node: form,
    /**
     * @param {readonly Code[]} newest
     * @param {Context} newContext
     * @param {string} newProblem what the shop said about this field
     */
    update(newest, newContext, newProblem) {
      codes = newest;
      context = newContext;
      problem = newProblem;
      setText(label, context.texts[kind]);
      setText(add, context.texts.add);
      rows.update(codes, context);
      showError();
    },
  };
}
