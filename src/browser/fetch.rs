//! Requests: built with gloo-net, made by the shell's `fetch`.

use gloo_net::http::{Headers, Method, RequestBuilder};
use js_sys::{Array, Object};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestCache, RequestCredentials, RequestRedirect};

use crate::browser::convert::set;
use crate::browser::host::Host;
use crate::sync::{Failure, Send};

/// Where requests go and how.
#[derive(Debug)]
pub struct Route {
    pub endpoint: String,
    pub credentials: RequestCredentials,
}

/// An answer as the machine takes it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: String,
}

/// Makes one attempt.
pub async fn attempt(
    host: &Host,
    route: &Route,
    send: &Send,
    signal: Option<AbortSignal>,
) -> Result<Answer, Failure> {
    let signal = signal.ok_or(Failure::NotSent)?;
    let headers = headers(host, send).await?;
    // Given up meanwhile: not every function that stands in for fetch looks at the signal.
    if signal.aborted() {
        return Err(Failure::NotSent);
    }
    let method = match send.method {
        crate::sync::Method::Get => Method::GET,
        crate::sync::Method::Put => Method::PUT,
    };
    let mut url = route.endpoint.clone();
    url.push_str(&send.path);
    let builder = RequestBuilder::new(&url)
        .method(method)
        .headers(headers)
        .credentials(route.credentials)
        .cache(RequestCache::NoStore)
        .redirect(RequestRedirect::Error)
        .abort_signal(Some(&signal));
    let request = match &send.body {
        Some(body) => builder.body(body.as_str()),
        None => builder.build(),
    };
    let request: web_sys::Request = request.map_err(|_| Failure::NotSent)?.into();
    let init = Object::new();
    set(&init, "keepalive", &JsValue::from_bool(send.keepalive));
    let answer = match host.fetch(&request, &init) {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    let answer = answer.map_err(|_| Failure::Network)?;
    // A function that stands in for fetch may give anything: what is no Response says nothing.
    let Ok(answer) = answer.dyn_into::<web_sys::Response>() else {
        return Ok(Answer { status: 0, retry_after: None, body: String::new() });
    };
    // Not by gloo-net, which panics when what breaks the body off is no Error.
    let body = match answer.text() {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    let body = body.map_err(|_| Failure::Network)?;
    Ok(Answer {
        status: answer.status(),
        retry_after: answer.headers().get("Retry-After").ok().flatten(),
        body: body.as_string().unwrap_or_default(),
    })
}

/// The user's headers, with those of the API last.
async fn headers(host: &Host, send: &Send) -> Result<Headers, Failure> {
    let given = match host.headers() {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    let given = given.map_err(|error| {
        let code =
            js_sys::Reflect::get(&error, &JsValue::from_str("code")).ok().and_then(|code| code.as_string());
        if code.as_deref() == Some("api_key_in_browser") { Failure::ApiKey } else { Failure::NotSent }
    })?;
    let raw = web_sys::Headers::new().map_err(|_| Failure::NotSent)?;
    let put = |name: &str, value: &str| raw.set(name, value).map_err(|_| Failure::NotSent);
    if given.is_object() {
        for entry in Object::entries(given.unchecked_ref()).iter() {
            let entry = Array::from(&entry);
            if let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string()) {
                put(&name, &value)?;
            }
        }
    }
    put("Accept", "application/json")?;
    if send.body.is_some() {
        put("Content-Type", "application/json")?;
    }
    if let Some(key) = &send.key {
        put("Idempotency-Key", key)?;
    }
    Ok(Headers::from_raw(raw))
}
