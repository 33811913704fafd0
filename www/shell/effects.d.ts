/** The effect types of the API with their props, as `docs/effects.md` lists them. */

import type { ExactNumber, Id, Json } from './index.js';

/** A ledger entry of loyalty points that gets another expiry. */
export interface LoyaltyLedgerEntryExpiryDateChange {
  readonly transactionUUID: string;
  readonly previousExpiryDate?: string;
  readonly newExpiryDate: string;
}

/**
 * The props of every effect type. Those that the API requires are not optional here; an answer may lack them all the
 * same, and have others.
 */
export interface EffectProps {
  acceptCoupon: {
    readonly value: string;
  };
  rejectCoupon: {
    readonly value: string;
    readonly rejectionReason: string;
    readonly conditionIndex?: Id;
    readonly effectIndex?: Id;
    readonly details?: string;
    readonly campaignExclusionReason?: string;
  };
  acceptReferral: {
    readonly value: string;
  };
  rejectReferral: {
    readonly value: string;
    readonly rejectionReason: string;
    readonly conditionIndex?: Id;
    readonly effectIndex?: Id;
    readonly details?: string;
    readonly campaignExclusionReason?: string;
  };
  redeemReferral: {
    readonly id: Id;
    readonly value: string;
  };
  setDiscount: {
    readonly name: string;
    readonly value: ExactNumber;
    readonly scope?: string;
    readonly desiredValue?: ExactNumber;
  };
  setDiscountPerItem: {
    readonly name: string;
    readonly value: ExactNumber;
    readonly position: ExactNumber;
    readonly subPosition?: ExactNumber;
    readonly desiredValue?: ExactNumber;
    readonly scope?: string;
    readonly totalDiscount?: ExactNumber;
    readonly desiredTotalDiscount?: ExactNumber;
    readonly bundleIndex?: Id;
    readonly bundleName?: string;
    readonly targetedItemPosition?: ExactNumber;
    readonly targetedItemSubPosition?: ExactNumber;
    readonly excludedFromPriceHistory?: boolean;
  };
  setDiscountPerAdditionalCost: {
    readonly name: string;
    readonly additionalCostId: Id;
    readonly additionalCost: string;
    readonly value: ExactNumber;
    readonly desiredValue?: ExactNumber;
  };
  setDiscountPerAdditionalCostPerItem: {
    readonly name: string;
    readonly additionalCostId: Id;
    readonly value: ExactNumber;
    readonly position: ExactNumber;
    readonly subPosition?: ExactNumber;
    readonly additionalCost: string;
    readonly desiredValue?: ExactNumber;
  };
  addFreeItem: {
    readonly sku: string;
    readonly name: string;
    readonly desiredQuantity?: Id;
  };
  showNotification: {
    readonly notificationType: string;
    readonly title: string;
    readonly body: string;
  };
  couponCreated: {
    readonly value: string;
    readonly profileId: string;
  };
  referralCreated: {
    readonly value: string;
  };
  reserveCoupon: {
    readonly couponValue: string;
    readonly profileIntegrationId: string;
    readonly isNewReservation: boolean;
  };
  addLoyaltyPoints: {
    readonly name: string;
    readonly programId: Id;
    readonly subLedgerId: string;
    readonly value: ExactNumber;
    readonly desiredValue?: ExactNumber;
    readonly recipientIntegrationId: string;
    readonly startDate?: string;
    readonly expiryDate?: string;
    readonly transactionUUID: string;
    readonly cartItemPosition?: ExactNumber;
    readonly cartItemSubPosition?: ExactNumber;
    readonly cardIdentifier?: string;
    readonly bundleIndex?: Id;
    readonly bundleName?: string;
    readonly awaitsActivation?: boolean;
    readonly validityDuration?: string;
  };
  deductLoyaltyPoints: {
    readonly ruleTitle: string;
    readonly programId: Id;
    readonly subLedgerId: string;
    readonly value: ExactNumber;
    readonly transactionUUID: string;
    readonly name: string;
    readonly cardIdentifier?: string;
  };
  changeLoyaltyTierLevel: {
    readonly ruleTitle: string;
    readonly programId: Id;
    readonly subLedgerId: string;
    readonly previousTierName?: string;
    readonly newTierName: string;
    readonly expiryDate?: string;
  };
  extendLoyaltyPointsExpiryDate: {
    readonly programId: Id;
    readonly subLedgerId: string;
    readonly extensionDuration: string;
    readonly affectedTransactions?: readonly LoyaltyLedgerEntryExpiryDateChange[];
  };
  setLoyaltyPointsExpiryDate: {
    readonly programId: Id;
    readonly subLedgerId: string;
    readonly newExpiryDate: string;
    readonly affectedTransactions?: readonly LoyaltyLedgerEntryExpiryDateChange[];
  };
  willAwardGiveaway: {
    readonly poolId: Id;
    readonly poolName: string;
    readonly recipientIntegrationId: string;
  };
  awardGiveaway: {
    readonly poolId: Id;
    readonly poolName: string;
    readonly recipientIntegrationId: string;
    readonly giveawayId: Id;
    readonly code: string;
  };
  increaseAchievementProgress: {
    readonly achievementId: Id;
    readonly achievementName: string;
    readonly progressTrackerId?: Id;
    readonly delta: ExactNumber;
    readonly value: ExactNumber;
    readonly target: ExactNumber;
    readonly isJustCompleted: boolean;
  };
  startAchievementProgress: {
    readonly achievementId: Id;
    readonly achievementName: string;
    readonly progressTrackerId: Id;
    readonly target: ExactNumber;
    readonly startDate: string;
    readonly endDate?: string;
  };
  rollbackIncreasedAchievementProgress: {
    readonly achievementId: Id;
    readonly achievementName: string;
    readonly progressTrackerId: Id;
    readonly decreaseProgressBy: ExactNumber;
    readonly currentProgress: ExactNumber;
    readonly target: ExactNumber;
  };
  customEffect: {
    readonly effectId: Id;
    readonly name: string;
    readonly cartItemPosition?: ExactNumber;
    readonly cartItemSubPosition?: ExactNumber;
    readonly bundleIndex?: Id;
    readonly bundleName?: string;
    readonly payload: { readonly [name: string]: Json };
  };
  updateAttribute: {
    readonly path: string;
    readonly value: Json;
  };
  rollbackCoupon: {
    readonly value: string;
  };
  rollbackReferral: {
    readonly value: string;
  };
  rollbackDiscount: {
    readonly name: string;
    readonly value: ExactNumber;
    readonly cartItemPosition?: ExactNumber;
    readonly cartItemSubPosition?: ExactNumber;
    readonly additionalCostId?: Id;
    readonly additionalCost?: string;
    readonly scope?: string;
  };
  rollbackAddedLoyaltyPoints: {
    readonly programId: Id;
    readonly subLedgerId: string;
    readonly value: ExactNumber;
    readonly recipientIntegrationId: string;
    readonly transactionUUID: string;
    readonly cartItemPosition?: ExactNumber;
    readonly cartItemSubPosition?: ExactNumber;
    readonly cardIdentifier?: string;
  };
  rollbackDeductedLoyaltyPoints: {
    readonly programId: Id;
    readonly subLedgerId: string;
    readonly value: ExactNumber;
    readonly recipientIntegrationId: string;
    readonly startDate?: string;
    readonly expiryDate?: string;
    readonly transactionUUID: string;
    readonly cardIdentifier?: string;
  };
  addToAudience: {
    readonly audienceId?: Id;
    readonly audienceName?: string;
    readonly profileIntegrationId?: string;
    readonly profileId?: Id;
  };
  removeFromAudience: {
    readonly audienceId?: Id;
    readonly audienceName?: string;
    readonly profileIntegrationId?: string;
    readonly profileId?: Id;
  };
  triggerWebhook: {
    readonly webhookId: ExactNumber;
    readonly webhookName: string;
  };
  error: {
    readonly message: string;
  };
  showBundleMetadata: {
    readonly description: string;
    readonly bundleAttributes: readonly string[];
    readonly itemsIndices: readonly ExactNumber[];
  };
  unlockReward: {
    readonly integrationId: string;
    readonly rewardId: Id;
    readonly applicationId: Id;
    readonly profileIntegrationId: string;
    readonly unlockedAt: string;
  };
  useReward: {
    readonly integrationId: string;
    readonly rewardId: Id;
    readonly applicationId: Id;
  };
  rollbackUseReward: {
    readonly integrationId: string;
    readonly rewardId: Id;
    readonly applicationId: Id;
  };
}

/** The effect types of the API; newer ones are kept and handed on too. */
export type EffectType = keyof EffectProps;

/**
 * Stands for every word that is not known here, since no type says "any text but these"; compare with one of them by
 * `String(effect.effectType) === 'brandNew'`.
 */
export type NewerEffectType = `newer ${string}`;

/** What every effect says beside its type and its props. */
interface EffectHead {
  readonly experimentId?: Id;
  readonly campaignId?: Id;
  readonly rulesetId?: Id;
  readonly ruleIndex?: Id;
  readonly ruleName?: string;
  readonly triggeredByCoupon?: Id;
  readonly triggeredForCatalogItem?: Id;
  readonly conditionIndex?: Id;
  readonly evaluationGroupID?: Id;
  readonly evaluationGroupMode?: string;
  readonly campaignRevisionId?: Id;
  readonly campaignRevisionVersionId?: Id;
  readonly selectedPriceType?: string;
  readonly selectedPrice?: ExactNumber;
  readonly adjustmentReferenceId?: string;
  readonly [field: string]: unknown;
}

/** An effect of that type. */
export interface EffectOf<Type extends EffectType> extends EffectHead {
  readonly effectType: Type;
  readonly props: EffectProps[Type];
}

/** An effect of a type that is not known here. */
export interface UnknownEffect extends EffectHead {
  readonly effectType: NewerEffectType;
  readonly props: { readonly [name: string]: unknown };
}

/** An effect of the rule engine, as it came: `switch (effect.effectType)` tells its props. */
export type Effect = { [Type in EffectType]: EffectOf<Type> }[EffectType] | UnknownEffect;
