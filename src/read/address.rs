//! Where a document's links lead.

use crate::analysis::drawing::Drawing;
use crate::analysis::query_string::parts;
use crate::analysis::{Analysis, Notice, from_study, link};
use crate::claim::{Filter, Verdict};
use crate::study::Study;

/// Keys of the page's address that are no analysis, beside those of Verify's filter.
const OF_THE_PAGE: [&str; 2] = ["page", "model"];
const VERIFY: &str = "page=verify";

/// Whether a link may lead there: to https, or a query.
pub(super) fn is_allowed(address: &str) -> bool {
    let host = address.strip_prefix("https://").unwrap_or_default();
    address.starts_with('?') || host.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// An analysis of a study and its drawing; whatever of the query cannot be taken is an error.
pub(super) fn analysis(study: Study, query: &str) -> Result<(Analysis, Drawing), String> {
    let (analysis, notices) = from_study(study, query);
    match notices.first() {
        None => Ok((analysis, Drawing::from_query(query))),
        Some(notice) => Err(said(notice)),
    }
}

fn said(notice: &Notice) -> String {
    format!("The query {}.", notice.fact())
}

/// A query's link from a page at `home`: with `page=verify`, say, and the study's analysis.
pub(super) fn href(study: Study, query: &str, home: &str) -> Result<String, String> {
    let mut own = String::new();
    let mut rest = Vec::new();
    for part in query.trim_start_matches('?').split('&') {
        let key = part.split('=').next().unwrap_or_default();
        match OF_THE_PAGE.contains(&key) || Filter::KEYS.contains(&key) {
            true => own.push_str(&format!("{part}&")),
            false => rest.push(part),
        }
    }
    let (analysis, drawing) = analysis(study, &rest.join("&"))?;
    let mut query = own.clone() + &link(&analysis, &drawing);
    if own.split('&').any(|part| part == VERIFY) {
        let (own, notices) = Filter::from_query(&own);
        if let Some(notice) = notices.first() {
            return Err(said(notice));
        }
        let of_study = Filter {
            study: own.study.or(Some(study)),
            ..own
        };
        query = of_study.in_query(&query);
    }
    Ok(format!("{home}?{}", query.trim_end_matches('&')))
}

/// The query of a view of the page that is about a study.
pub(super) fn view(page: &str, study: Study) -> String {
    let (analysis, drawing) = (from_study(study, "").0, Drawing::from_query(""));
    let query = format!("page={page}&{}", link(&analysis, &drawing));
    query.trim_end_matches('&').to_owned()
}

/// The query of a study's printed numbers: of a verdict, and of those with a text in what is said of them.
pub(super) fn verify(study: Study, verdict: Option<Verdict>, text: &str) -> String {
    let filter = Filter {
        study: Some(study),
        verdict,
        text: text.to_owned(),
    };
    filter.in_query(&view("verify", study))
}

/// A query less the pairs of a key.
pub(super) fn without(query: &str, key: &str) -> String {
    let parts = query.trim_start_matches('?').split('&');
    let kept = parts.filter(|part| parts_key(part) != key && !part.is_empty());
    kept.collect::<Vec<_>>().join("&")
}

fn parts_key(part: &str) -> String {
    parts(part)
        .into_iter()
        .next()
        .map_or(String::new(), |(key, _)| key)
}
