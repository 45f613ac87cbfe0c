//! What readers are told about fits, beyond the facts that the fitting library states.

use refit_fit::{FitError, Interval};

/// Shown in place of intervals where [`refit_fit::Fit::delta_method_holds`] is false.
pub const NO_DELTA_METHOD: &str = "Most points lie in the linear zone of Huber’s loss, where the delta method does not hold: no standard errors; use the bootstrap.";

/// Where the points tell their standard errors.
pub const WEIGHTED: &str = "Points are weighted by their inverse variances. ";

/// What a kind of interval is called.
pub fn interval_title(interval: Interval) -> &'static str {
    match interval {
        Interval::StudentT => "95 %, t with n − p",
        Interval::LogT => "Authors’ interval (covers about 50 %)",
    }
}

/// Why there is no law, and what to do about it.
pub fn why_not_fitted(error: &FitError) -> String {
    let advice = match error {
        FitError::NotFinite { .. } | FitError::NotPositive { .. } => " Exclude it to fit the rest.",
        FitError::NoOptimum => " Look for a point that lies far off.",
        _ => "",
    };
    format!("{error}{advice}")
}
