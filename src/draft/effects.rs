//! Every effect type of the API, and what a quote makes of each.

/// What an amount of points is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Points earned, or to be earned at the closing.
    Earned,
    /// Points spent; booked at the closing.
    Spent,
    /// Earned points that were taken back.
    TakenBack,
    /// Spent points that were given back.
    GivenBack,
}

/// Which code an effect speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// One of the coupon codes.
    Coupon,
    /// The referral code.
    Referral,
}

/// What a discount lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The session.
    Session,
    /// A cost of the session.
    Cost,
    /// A line.
    Line,
    /// A cost of a line.
    LineCost,
}

/// What a quote makes of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A discount.
    Discount(On),
    /// A discount is void.
    DiscountBack,
    /// A code is valid.
    Accept(Code),
    /// A code could not be used.
    Reject(Code),
    /// The redemption of a code is undone.
    CodeBack(Code),
    /// A unit of an item for nothing.
    FreeItem,
    /// A message.
    Notification,
    /// Loyalty points.
    Points(Flow),
    /// Another loyalty tier.
    Tier,
    /// Another expiry of loyalty points.
    Expiry,
    /// A giveaway is to come at the closing.
    GiveawayToCome,
    /// A giveaway with its code.
    Giveaway,
    /// For the page to decide about: it stands among the effects, raw and in its place.
    Raw,
}

/// The effect types of the OpenAPI document of August 2026 and the three of rewards that only an
/// SDK has. A type that is not listed is [`Role::Raw`] too.
pub const EFFECTS: [(&str, Role); 39] = [
    ("acceptCoupon", Role::Accept(Code::Coupon)),
    ("rejectCoupon", Role::Reject(Code::Coupon)),
    ("acceptReferral", Role::Accept(Code::Referral)),
    ("rejectReferral", Role::Reject(Code::Referral)),
    // The older word for an accepted referral.
    ("redeemReferral", Role::Accept(Code::Referral)),
    ("setDiscount", Role::Discount(On::Session)),
    ("setDiscountPerItem", Role::Discount(On::Line)),
    ("setDiscountPerAdditionalCost", Role::Discount(On::Cost)),
    ("setDiscountPerAdditionalCostPerItem", Role::Discount(On::LineCost)),
    ("addFreeItem", Role::FreeItem),
    ("showNotification", Role::Notification),
    ("couponCreated", Role::Raw),
    ("referralCreated", Role::Raw),
    ("reserveCoupon", Role::Raw),
    ("addLoyaltyPoints", Role::Points(Flow::Earned)),
    ("deductLoyaltyPoints", Role::Points(Flow::Spent)),
    ("changeLoyaltyTierLevel", Role::Tier),
    ("extendLoyaltyPointsExpiryDate", Role::Expiry),
    ("setLoyaltyPointsExpiryDate", Role::Expiry),
    ("willAwardGiveaway", Role::GiveawayToCome),
    ("awardGiveaway", Role::Giveaway),
    ("increaseAchievementProgress", Role::Raw),
    ("startAchievementProgress", Role::Raw),
    ("rollbackIncreasedAchievementProgress", Role::Raw),
    ("customEffect", Role::Raw),
    ("updateAttribute", Role::Raw),
    ("rollbackCoupon", Role::CodeBack(Code::Coupon)),
    ("rollbackReferral", Role::CodeBack(Code::Referral)),
    ("rollbackDiscount", Role::DiscountBack),
    ("rollbackAddedLoyaltyPoints", Role::Points(Flow::TakenBack)),
    ("rollbackDeductedLoyaltyPoints", Role::Points(Flow::GivenBack)),
    ("addToAudience", Role::Raw),
    ("removeFromAudience", Role::Raw),
    ("triggerWebhook", Role::Raw),
    ("error", Role::Raw),
    ("showBundleMetadata", Role::Raw),
    ("unlockReward", Role::Raw),
    ("useReward", Role::Raw),
    ("rollbackUseReward", Role::Raw),
];

/// What a quote makes of effects of this type.
pub fn role(kind: &str) -> Role {
    EFFECTS.iter().find(|(name, _)| *name == kind).map_or(Role::Raw, |(_, role)| *role)
}
