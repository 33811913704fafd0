/** Importing this defines `<cartwright-checkout>`. */
import './element.js';
