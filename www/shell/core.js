import * as glue from '#glue';
import { CheckoutError, toError } from './errors.js';

/** @param {string} options */
export function newCore(options) {
  try {
    return new glue.Core(options);
  } catch (error) {
    const trouble = toError(typeof error === 'string' ? JSON.parse(error) : error);
    throw trouble.code === 'value_type' ? new CheckoutError('option_invalid', trouble) : trouble;
  }
}
