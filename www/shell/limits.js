/** The limits of the session API that are checked at the edit. */
export const LIMITS = Object.freeze({
  lines: 1000,
  units: 10_000,
  couponLength: 100,
  referralLength: 100,
  loyaltyCards: 1,
  identifiers: 5,
  storeIdLength: 1000,
  sessionIdLength: 255,
});
