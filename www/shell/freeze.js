/**
 * @template T
 * @param {T} value
 * @returns {T} the same, frozen with everything in it
 */
export function freeze(value) {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
