//! The session as the server holds it.

use crate::amount::Amount;
use crate::model::cart_item::{AdditionalCost, CartItem};
use crate::model::json::Object;
use crate::model::request::ExperimentVariantAllocation;
use crate::model::wire::{Map, Measure, model};

model! {
    /// The stored session; all totals are before discounts. The last members are of older releases:
    /// of the first form of the model, and of January 2025.
    CustomerSessionV2 {
        /// Internal number.
        id: i64 = "id",
        /// Creation time.
        created: String = "created",
        /// The session id of the address.
        integration_id: String = "integrationId",
        /// The owning Application.
        application_id: i64 = "applicationId",
        /// Customer id.
        profile_id: String = "profileId",
        /// The store of the sale.
        store_integration_id: String = "storeIntegrationId",
        /// Campaigns evaluated in a dry run.
        evaluable_campaign_ids: Vec<i64> = "evaluableCampaignIds",
        /// Coupon codes.
        coupon_codes: Vec<String> = "couponCodes",
        /// Referral code.
        referral_code: String = "referralCode",
        /// Loyalty card identifiers.
        loyalty_cards: Vec<String> = "loyaltyCards",
        /// State as a word; unknown ones are kept.
        state: String = "state",
        /// Cart lines.
        cart_items: Vec<CartItem> = "cartItems",
        /// Pinned experiment variants.
        experiment_variant_allocations: Vec<ExperimentVariantAllocation> = "experimentVariantAllocations",
        /// Costs of the session by name.
        additional_costs: Map<AdditionalCost> = "additionalCosts",
        /// Identifiers.
        identifiers: Vec<String> = "identifiers",
        /// Attributes.
        attributes: Object = "attributes",
        /// Whether it is the first session of the profile.
        first_session: bool = "firstSession",
        /// Updates so far, 1 at creation.
        update_count: i64 = "updateCount",
        /// Sum of the three totals below.
        total: Amount = "total",
        /// Items only.
        cart_item_total: Amount = "cartItemTotal",
        /// Session costs.
        additional_cost_total: Amount = "additionalCostTotal",
        /// Costs of items.
        cart_item_additional_cost_total: Amount = "cartItemAdditionalCostTotal",
        /// Time of the newest event.
        updated: String = "updated",
        /// The one coupon code of the first form; empty for none.
        coupon: String = "coupon",
        /// The one referral code of the first form; empty for none.
        referral: String = "referral",
        /// Discounts of the first form by label.
        discounts: Map<Amount> = "discounts",
        /// How likely the session was to be closed.
        closure_prediction: Measure = "closurePrediction",
    }
}
