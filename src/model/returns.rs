//! Giving units of a closed session back.

use crate::model::wire::model;

model! {
    /// The body of a return.
    ReturnIntegrationRequest {
        /// What comes back; required.
        r#return: NewReturn = "return",
        /// Extra parts wanted in the answer.
        response_content: Vec<String> = "responseContent",
    }
}

model! {
    /// The lines that come back.
    NewReturn {
        /// Required.
        returned_cart_items: Vec<ReturnedCartItem> = "returnedCartItems",
    }
}

model! {
    /// One line that comes back, named by its position or its SKU.
    ReturnedCartItem {
        /// Index of the line in the session's cart, from 0.
        position: i64 = "position",
        /// Units to give back.
        quantity: i64 = "quantity",
        /// SKU of the line.
        sku: String = "sku",
    }
}

model! {
    /// A return as the server recorded it.
    Return {
        /// Internal number.
        id: i64 = "id",
        /// Its time.
        created: String = "created",
        /// The owning Application.
        application_id: i64 = "applicationId",
        /// The owning account.
        account_id: i64 = "accountId",
        /// The lines given back.
        returned_cart_items: Vec<ReturnedCartItem> = "returnedCartItems",
        /// The event made by the return.
        event_id: i64 = "eventId",
        /// Internal number of the session.
        session_id: i64 = "sessionId",
        /// The session id of the address.
        session_integration_id: String = "sessionIntegrationId",
        /// Internal number of the profile.
        profile_id: i64 = "profileId",
        /// Profile id.
        profile_integration_id: String = "profileIntegrationId",
        /// The user who made it, if any.
        created_by: i64 = "createdBy",
    }
}
