//! What a session update sends.

use crate::model::cart_item::{AdditionalCost, CartItem};
use crate::model::json::Object;
use crate::model::wire::{Map, model};

model! {
    /// The body of a session update.
    IntegrationRequest {
        /// The draft; required.
        customer_session: NewCustomerSessionV2 = "customerSession",
        /// Extra parts wanted in the answer, as words.
        response_content: Vec<String> = "responseContent",
    }
}

model! {
    /// The session as the shop wants it; an absent member is left as it is.
    NewCustomerSessionV2 {
        /// Customer id chosen by the shop; empty makes an anonymous session.
        profile_id: String = "profileId",
        /// The store of the sale.
        store_integration_id: String = "storeIntegrationId",
        /// Dry runs only: evaluate just these campaigns.
        evaluable_campaign_ids: Vec<i64> = "evaluableCampaignIds",
        /// Coupon codes as typed; an empty list discards the stored ones.
        coupon_codes: Vec<String> = "couponCodes",
        /// Referral code; an empty text discards the stored one.
        referral_code: String = "referralCode",
        /// Loyalty card identifiers.
        loyalty_cards: Vec<String> = "loyaltyCards",
        /// The state wished for; left out unless a move is meant.
        state: String = "state",
        /// Cart lines.
        cart_items: Vec<CartItem> = "cartItems",
        /// Experiment variants pinned for this session.
        experiment_variant_allocations: Vec<ExperimentVariantAllocation> = "experimentVariantAllocations",
        /// Costs of the session by their API name.
        additional_costs: Map<AdditionalCost> = "additionalCosts",
        /// Identifiers for fraud limits.
        identifiers: Vec<String> = "identifiers",
        /// Session attributes; `null` removes one.
        attributes: Object = "attributes",
    }
}

model! {
    /// One pinned experiment variant.
    ExperimentVariantAllocation {
        /// The experiment; required.
        experiment_id: i64 = "experimentID",
        /// The variant; required.
        variant_id: i64 = "variantID",
    }
}
