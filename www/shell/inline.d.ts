/** The same as `cartwright`, with the binary embedded: `init` fetches nothing unless it is given a source. */
export * from './index.js';
