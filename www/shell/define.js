import { defineCheckoutElement } from './element.js';

defineCheckoutElement();
