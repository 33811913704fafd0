//! The fields of a session by their API names.

/// A field of `NewCustomerSessionV2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `profileId`
    ProfileId,
    /// `storeIntegrationId`
    StoreIntegrationId,
    /// `evaluableCampaignIds`
    EvaluableCampaignIds,
    /// `couponCodes`
    CouponCodes,
    /// `referralCode`
    ReferralCode,
    /// `loyaltyCards`
    LoyaltyCards,
    /// `state`
    State,
    /// `cartItems`
    CartItems,
    /// `experimentVariantAllocations`
    ExperimentVariantAllocations,
    /// `additionalCosts`
    AdditionalCosts,
    /// `identifiers`
    Identifiers,
    /// `attributes`
    Attributes,
}

/// All fields in the order in which a request names them.
pub const FIELDS: [Field; 12] = [
    Field::ProfileId,
    Field::StoreIntegrationId,
    Field::EvaluableCampaignIds,
    Field::CouponCodes,
    Field::ReferralCode,
    Field::LoyaltyCards,
    Field::State,
    Field::CartItems,
    Field::ExperimentVariantAllocations,
    Field::AdditionalCosts,
    Field::Identifiers,
    Field::Attributes,
];

impl Field {
    /// The API's name.
    pub fn name(self) -> &'static str {
        match self {
            Field::ProfileId => "profileId",
            Field::StoreIntegrationId => "storeIntegrationId",
            Field::EvaluableCampaignIds => "evaluableCampaignIds",
            Field::CouponCodes => "couponCodes",
            Field::ReferralCode => "referralCode",
            Field::LoyaltyCards => "loyaltyCards",
            Field::State => "state",
            Field::CartItems => "cartItems",
            Field::ExperimentVariantAllocations => "experimentVariantAllocations",
            Field::AdditionalCosts => "additionalCosts",
            Field::Identifiers => "identifiers",
            Field::Attributes => "attributes",
        }
    }

    /// The field of that name.
    pub fn from_name(name: &str) -> Option<Field> {
        FIELDS.into_iter().find(|field| field.name() == name)
    }
}

/// A set of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet(u16);

impl FieldSet {
    /// Adds a field.
    pub fn insert(&mut self, field: Field) {
        self.0 |= 1 << (field as u16);
    }

    /// Whether a field is in it.
    pub fn contains(self, field: Field) -> bool {
        self.0 & (1 << (field as u16)) != 0
    }

    /// Both sets together.
    pub fn union(self, other: FieldSet) -> FieldSet {
        FieldSet(self.0 | other.0)
    }

    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}
