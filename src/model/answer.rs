//! What the session operations answer.

use crate::model::effect::Effect;
use crate::model::json::Value;
use crate::model::returns::Return;
use crate::model::session::CustomerSessionV2;
use crate::model::wire::model;

model! {
    /// The answer to a session update and to a return. Parts that the core hands on without
    /// looking into them keep the form in which they came.
    IntegrationStateV2 {
        /// Profile after the call.
        customer_profile: Value = "customerProfile",
        /// Balances.
        loyalty: Value = "loyalty",
        /// Campaigns that produced something.
        triggered_campaigns: Vec<Value> = "triggeredCampaigns",
        /// Verdicts per campaign, dry runs only.
        campaign_eligibility: Vec<Value> = "campaignEligibility",
        /// What the shop must do; all of it, every time.
        effects: Vec<Effect> = "effects",
        /// Why rules did not fire.
        rule_failure_reasons: Vec<Value> = "ruleFailureReasons",
        /// Coupons made by this call.
        created_coupons: Vec<Value> = "createdCoupons",
        /// Referral codes made by this call.
        created_referrals: Vec<Value> = "createdReferrals",
        /// Giveaways handed out.
        awarded_giveaways: Vec<Value> = "awardedGiveaways",
        /// Progress of achievements.
        achievements: Vec<Value> = "achievements",
        /// The referral used.
        referral: Value = "referral",
        /// The coupons used.
        coupons: Vec<Value> = "coupons",
        /// The event that was recorded.
        event: Value = "event",
        /// The same for advanced events.
        advanced_event: Value = "advancedEvent",
        /// The session after the call.
        customer_session: CustomerSessionV2 = "customerSession",
        /// The return just made.
        r#return: Return = "return",
        /// Earlier returns.
        previous_returns: Vec<Return> = "previousReturns",
    }
}

model! {
    /// The answer to reading a session.
    IntegrationCustomerSessionResponse {
        /// The stored session.
        customer_session: CustomerSessionV2 = "customerSession",
        /// Effects still in force.
        effects: Vec<Effect> = "effects",
    }
}

model! {
    /// The answer to reopening a session; it holds no session.
    ReopenSessionResponse {
        /// What is rolled back.
        effects: Vec<Effect> = "effects",
    }
}
