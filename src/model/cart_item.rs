//! The lines of a cart.

use crate::amount::Amount;
use crate::model::json::Object;
use crate::model::wire::{Map, Measure, model};

model! {
    /// One line of a cart. Limits: `sku` has at least one character, `quantity` is at least 1
    /// (API reference, section 7); they are checked where a value enters a draft.
    CartItem {
        /// Display name.
        name: String = "name",
        /// Stock keeping unit; required.
        sku: String = "sku",
        /// Units on this line; required.
        quantity: i64 = "quantity",
        /// Units already returned.
        [server] returned_quantity: i64 = "returnedQuantity",
        /// Units still kept.
        [server] remaining_quantity: i64 = "remainingQuantity",
        /// Unit price in the currency of the Application; absent where a catalogue has it.
        price: Amount = "price",
        /// Type or group.
        category: String = "category",
        /// The product that the SKU belongs to.
        product: Product = "product",
        /// Grams.
        weight: Measure = "weight",
        /// Millimetres.
        height: Measure = "height",
        /// Millimetres.
        width: Measure = "width",
        /// Millimetres.
        length: Measure = "length",
        /// Index of the line, from 0.
        [server] position: i64 = "position",
        /// Attributes; those not sent again are removed.
        attributes: Object = "attributes",
        /// Costs of this line by their API name.
        additional_costs: Map<AdditionalCost> = "additionalCosts",
        /// The catalogue row that matched.
        [server] catalog_item_id: i64 = "catalogItemID",
        /// The price type that won.
        [server] selected_price_type: String = "selectedPriceType",
        /// The price adjustment that made the price.
        [server] adjustment_reference_id: String = "adjustmentReferenceId",
        /// Its start.
        [server] adjustment_effective_from: String = "adjustmentEffectiveFrom",
        /// Its end.
        [server] adjustment_effective_until: String = "adjustmentEffectiveUntil",
        /// All price types known for the SKU.
        [server] prices: Map<PriceDetail> = "prices",
    }
}

model! {
    /// A cost beside the items, such as shipping.
    AdditionalCost {
        /// Its amount; required.
        price: Amount = "price",
    }
}

model! {
    /// The product of a SKU.
    Product {
        /// Its name; required.
        name: String = "name",
    }
}

model! {
    /// One of the price types known for a SKU.
    PriceDetail {
        /// The amount of this price type.
        price: Amount = "price",
        /// Context of the adjustment.
        adjustment_context_id: String = "adjustmentContextId",
        /// Id of the adjustment.
        adjustment_reference_id: String = "adjustmentReferenceId",
        /// Its start.
        adjustment_effective_from: String = "adjustmentEffectiveFrom",
        /// Its end.
        adjustment_effective_until: String = "adjustmentEffectiveUntil",
    }
}
