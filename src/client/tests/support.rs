//! A host over functions written in JavaScript, and small ways to write them.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use electric_replica_core::ident::Name;
use electric_replica_core::op::Places;
use electric_replica_core::options::Urls;
use electric_replica_core::ticking::Ticking;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::errors::get;
use crate::host::BrowserHost;
use crate::page::Page;

/// A host whose parts do nothing until a test puts its own in their place.
pub(super) fn host() -> BrowserHost {
    BrowserHost {
        places: Places::new(name("public")).unwrap(),
        urls: Urls {
            version: "/version".to_owned(),
            schemas: "/schemas".to_owned(),
            shape: "/shape".to_owned(),
        },
        lock_name: None,
        page: page(""),
        ticking: Ticking::default(),
    }
}

/// A page with these methods, as JavaScript writes them in an object.
pub(super) fn page(methods: &str) -> Page {
    value(&format!("{{ {methods} }}")).unchecked_into()
}

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A function of JavaScript.
pub(super) fn function(args: &str, body: &str) -> Function {
    Function::new_with_args(args, body)
}

/// The value of an expression of JavaScript.
pub(super) fn value(expression: &str) -> JsValue {
    js_sys::eval(&format!("({expression})")).unwrap()
}

/// What a property that holds an array of texts holds.
pub(super) fn texts(object: &JsValue, property: &str) -> Vec<String> {
    Array::from(&get(object, property))
        .iter()
        .map(|text| text.as_string().unwrap())
        .collect()
}

/// Lets every microtask and timer that is due run.
pub(super) async fn turn() {
    let soon = Promise::new(&mut |resolve, _reject| {
        let later = function("resolve", "setTimeout(resolve, 0)");
        later.call1(&JsValue::UNDEFINED, &resolve).unwrap();
    });
    JsFuture::from(soon).await.unwrap();
}

/// Polls a future once: it starts, and is dropped if it is not done.
pub(super) fn start_and_drop<T>(future: impl Future<Output = T>) -> Poll<T> {
    let mut context = Context::from_waker(Waker::noop());
    pin!(future).poll(&mut context)
}
