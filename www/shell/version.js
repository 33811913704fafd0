/** The version of this package; the wasm must be of the same one. */
export const VERSION = '0.1.0';
