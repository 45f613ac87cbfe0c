//! What a figure's element gives: the points and the kind of law.

use crate::analysis::loss;
use crate::decimal;
use crate::read::hand::Hand;
use refit_fit::law::{Form, Law};
use web_sys::HtmlElement;

pub(super) struct Given {
    pub hand: Hand,
    /// Of the horizontal axis: "Compute, GFLOPs".
    pub axis: String,
    /// What the law is of.
    pub what: String,
    /// Of a loss; empty of an error from 0 to 1.
    pub unit: String,
}

/// `None` where an attribute is missing or no such law can be moved.
pub(super) fn read(place: &HtmlElement) -> Option<Given> {
    let data = |name: &str| place.get_attribute(&format!("data-{name}"));
    let numbers =
        |name: &str| -> Option<Vec<f64>> { data(name)?.split(' ').map(decimal::parse).collect() };
    let id = data("law")?;
    let law = Law::ALL.into_iter().find(|law| law.id() == id)?;
    let loss = loss::parse(&data("loss")?)?;
    Some(Given {
        hand: Hand::new(law, loss, numbers("x")?, numbers("y")?)?,
        axis: data("axis")?,
        what: data("what")?,
        unit: data("unit")?,
    })
}
