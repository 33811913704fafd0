//! The API's shapes, exactly as it spells them.

pub mod answer;
pub mod cart_item;
pub mod effect;
pub mod index;
pub mod json;
pub mod problem;
pub mod request;
pub mod returns;
pub mod session;
pub mod shape;
pub mod text;
pub mod wire;

pub use answer::{IntegrationCustomerSessionResponse, IntegrationStateV2, ReopenSessionResponse};
pub use cart_item::{AdditionalCost, CartItem, PriceDetail, Product};
pub use effect::Effect;
pub use problem::{ApiError, ErrorResponse, ErrorSource};
pub use request::{ExperimentVariantAllocation, IntegrationRequest, NewCustomerSessionV2};
pub use returns::{NewReturn, Return, ReturnIntegrationRequest, ReturnedCartItem};
pub use session::CustomerSessionV2;
