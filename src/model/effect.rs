//! What the shop must do, as the rule engine says it.

use crate::amount::Amount;
use crate::model::json::Value;
use crate::model::wire::model;

model! {
    /// One effect: a typed head, and `props` as they came. `props` has no discriminator of its
    /// own: what it holds is told by `effect_type`.
    Effect {
        /// Experiment of the campaign.
        experiment_id: i64 = "experimentId",
        /// The campaign that fired; required.
        campaign_id: i64 = "campaignId",
        /// The ruleset; required.
        ruleset_id: i64 = "rulesetId",
        /// Place of the rule in its ruleset; required.
        rule_index: i64 = "ruleIndex",
        /// Name of the rule; required.
        rule_name: String = "ruleName",
        /// What kind of effect it is; required, unknown words are kept.
        effect_type: String = "effectType",
        /// Internal number of the coupon evaluated.
        triggered_by_coupon: i64 = "triggeredByCoupon",
        /// Catalogue item evaluated.
        triggered_for_catalog_item: i64 = "triggeredForCatalogItem",
        /// The condition that fired.
        condition_index: i64 = "conditionIndex",
        /// Evaluation group.
        evaluation_group_id: i64 = "evaluationGroupID",
        /// Its mode.
        evaluation_group_mode: String = "evaluationGroupMode",
        /// Revision of the campaign.
        campaign_revision_id: i64 = "campaignRevisionId",
        /// Version of that revision.
        campaign_revision_version_id: i64 = "campaignRevisionVersionId",
        /// Price type of the target SKU.
        selected_price_type: String = "selectedPriceType",
        /// Price of that type before discounts.
        selected_price: Amount = "selectedPrice",
        /// Price adjustment used.
        adjustment_reference_id: String = "adjustmentReferenceId",
        /// Whatever belongs to the effect type.
        props: Value = "props",
    }
}
