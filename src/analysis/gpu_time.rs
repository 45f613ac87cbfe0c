//! A budget of compute as it is bought: so many accelerators for so many hours.

use super::target::prefixed;
use crate::decimal;
use crate::study::Study;
use std::fmt;

/// An accelerator's name, and the dense bf16 throughput of its matrix units that its maker states
/// (fp16 where it has no bf16), in TFLOP/s.
pub type Gpu = (&'static str, f64);

/// A name that holds another one stands before it.
pub const GPUS: [Gpu; 19] = [
    ("RTX 3090", 71.0),
    ("RTX 4090", 165.0),
    ("V100", 125.0),
    ("A100", 312.0),
    ("A10G", 70.0),
    ("A10", 125.0),
    ("A40", 150.0),
    ("L40S", 362.0),
    ("L4", 121.0),
    ("T4", 65.0),
    ("H100", 989.0),
    ("H200", 989.0),
    ("B200", 2250.0),
    ("MI250X", 383.0),
    ("MI300X", 1307.0),
    ("TPU v3", 123.0),
    ("TPU v4", 275.0),
    ("TPU v5e", 197.0),
    ("TPU v5p", 459.0),
];

/// The share of the peak that is assumed where none is stated.
pub const UTILISATION: f64 = 0.4;

/// "64 H100 for 48 h at 35 %".
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GpuTime {
    pub count: f64,
    pub gpu: Gpu,
    /// Of each.
    pub hours: f64,
    /// The stated share of the peak.
    pub utilisation: Option<f64>,
}

impl GpuTime {
    /// `None` where the text is not of this kind: a number of GPUs, one of [`GPUS`], and hours, days or
    /// weeks, as in "64 H100 for 2 days", "8xA100, 48h" or "3000 A100-hours", then perhaps "at 35 %".
    #[must_use]
    pub fn parse(text: &str) -> Option<GpuTime> {
        let text = text.to_ascii_lowercase();
        let (gpu, start, end) = GPUS.into_iter().find_map(|gpu| {
            let name = gpu.0.to_ascii_lowercase();
            // "4090" is enough.
            let short = name.strip_prefix("rtx ").unwrap_or(&name);
            let found = text.find(&name).map(|at| (at, at + name.len()));
            let (from, to) = found.or_else(|| text.find(short).map(|at| (at, at + short.len())))?;
            Some((gpu, from, to))
        })?;
        let count = match words(&text[..start]).as_slice() {
            [] => 1.0,
            [number] => decimal::parse(number)?,
            _ => return None,
        };
        let rest = words(&text[end..]);
        let mut rest = rest.iter().map(String::as_str);
        let first = rest.next()?;
        // "3000 A100-hours" are so many of one, or one of so many.
        let (number, unit) = match decimal::parse(first) {
            Some(number) => (number, rest.next()?),
            None => (1.0, first),
        };
        let hours = number
            * match unit {
                "h" | "hr" | "hrs" | "hour" | "hours" => 1.0,
                "d" | "day" | "days" => 24.0,
                "week" | "weeks" => 168.0,
                _ => return None,
            };
        let utilisation = match (rest.next(), rest.next(), rest.next(), rest.next()) {
            (None, ..) => None,
            (Some("at"), Some(share), Some("%"), None) => Some(decimal::parse(share)? / 100.0),
            (Some("at"), Some(share), None, _) => Some(decimal::parse(share)?),
            _ => return None,
        };
        let sound = |x: f64| x.is_finite() && x > 0.0;
        let of_peak = utilisation.is_none_or(|share| share > 0.0 && share <= 1.0);
        (sound(count) && sound(hours) && of_peak).then_some(GpuTime {
            count,
            gpu,
            hours,
            utilisation,
        })
    }

    /// Floating-point operations.
    #[must_use]
    pub fn flops(&self) -> f64 {
        let utilisation = self.utilisation.unwrap_or(UTILISATION);
        self.count * self.gpu.1 * 1e12 * self.hours * 3600.0 * utilisation
    }
}

impl fmt::Display for GpuTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GpuTime {
            count,
            gpu: (name, peak),
            hours,
            utilisation,
        } = self;
        let percent = 100.0 * utilisation.unwrap_or(UTILISATION);
        let assumed = if utilisation.is_none() {
            ", assumed,"
        } else {
            ""
        };
        write!(
            f,
            "{count} {name} for {hours} h at {percent:.0} %{assumed} of {peak} TFLOP/s"
        )
    }
}

/// Floating-point operations of training that one unit of a study's compute stands for. A MAC is taken
/// for two; a backward pass for two forward ones. `None` of a unit that is none of compute.
#[must_use]
pub fn training_flops(study: Study) -> Option<f64> {
    let (unit, macs) = prefixed(&study.compute_unit)?;
    let passes = if study.forward_only { 3.0 } else { 1.0 };
    Some(unit * passes * if macs { 2.0 } else { 1.0 })
}

/// Time on GPUs as a place on a study's axis of compute, under its own name: "64 H100 for 48 h =
/// 1.458e12". `None` of another text.
#[must_use]
pub fn as_target(text: &str, study: Study) -> Option<String> {
    let compute = GpuTime::parse(text)?.flops() / training_flops(study)?;
    Some(format!("{} = {compute:.4e}", text.trim()))
}

/// Words that tell: "8xA100, 48h of GPU time at 35% MFU" are "8", "48", "h", "at", "35", "%".
fn words(text: &str) -> Vec<String> {
    const FILL: [&str; 16] = [
        "x",
        "×",
        "*",
        "for",
        "of",
        "nvidia",
        "amd",
        "google",
        "gpu",
        "gpus",
        "s",
        "each",
        "mfu",
        "utilisation",
        "utilization",
        "time",
    ];
    let mut spaced = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_sign = rest.peek().is_some_and(char::is_ascii_digit);
        match c {
            ',' => spaced.push(' '),
            '-' if !is_sign => spaced.push(' '),
            '%' => spaced.push_str(" % "),
            '@' => spaced.push_str(" at "),
            c => spaced.push(c),
        }
    }
    let mut words = Vec::new();
    for word in spaced.split_whitespace() {
        // "48h" is a number and its unit; "1e3" is a number.
        let letter = word.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        match letter {
            Some(at) if at > 0 && decimal::parse(word).is_none() => {
                words.push(word[..at].to_owned());
                words.push(word[at..].to_owned());
            }
            _ => words.push(word.to_owned()),
        }
    }
    words.retain(|word| !FILL.contains(&word.as_str()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::target;
    use crate::study::select::Axis;

    #[test]
    fn gpu_time_is_read_as_people_write_it() {
        for (text, count, name, hours, utilisation) in [
            ("64 H100 for 48 h at 35 %", 64.0, "H100", 48.0, Some(0.35)),
            ("64xH100 2 days", 64.0, "H100", 48.0, None),
            ("8 × NVIDIA A100, 48h @ 0.5", 8.0, "A100", 48.0, Some(0.5)),
            ("3000 A100-hours", 3000.0, "A100", 1.0, None),
            (
                "A100 for 1e3 hours at 30% MFU",
                1.0,
                "A100",
                1000.0,
                Some(0.3),
            ),
            ("4 A10 24 h", 4.0, "A10", 24.0, None),
            ("one week of L40S", 0.0, "", 0.0, None),
            ("2 L40S for 1 week", 2.0, "L40S", 168.0, None),
            ("1 4090 for 10 h", 1.0, "RTX 4090", 10.0, None),
            ("rtx 3090 for 10 h", 1.0, "RTX 3090", 10.0, None),
            ("32 TPU v5e for 12 hours", 32.0, "TPU v5e", 12.0, None),
            ("64 H100", 0.0, "", 0.0, None),
            ("64 H100 for 48 km", 0.0, "", 0.0, None),
            ("64 H100 for 48 h at 140 %", 0.0, "", 0.0, None),
            ("-4 H100 for 48 h", 0.0, "", 0.0, None),
            ("ViT-L-14 at 12.8B", 0.0, "", 0.0, None),
        ] {
            let expected = (count > 0.0).then_some((count, name, hours, utilisation));
            let found = GpuTime::parse(text);
            let found = found.map(|t| (t.count, t.gpu.0, t.hours, t.utilisation));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn flops_are_count_times_peak_times_seconds_times_share() {
        let time = GpuTime::parse("64 H100 for 48 h at 35 %").unwrap();
        // 64 · 989e12 · 172,800 s · 0.35
        assert!((time.flops() / 3.828e21 - 1.0).abs() < 1e-3);
        assert_eq!(time.to_string(), "64 H100 for 48 h at 35 % of 989 TFLOP/s");
        let time = GpuTime::parse("A100 hours").unwrap();
        assert_eq!(
            time.to_string(),
            "1 A100 for 1 h at 40 %, assumed, of 312 TFLOP/s"
        );
    }

    #[test]
    fn time_on_gpus_is_compute_as_the_study_counts() {
        let text = "64 H100 for 48 h at 35 %";
        let flops = GpuTime::parse(text).unwrap().flops();
        // Forward passes in GFLOPs and GMACs; all of training in FLOPs.
        for (study, unit) in [("comparison", 3e9), ("openclip", 6e9), ("chinchilla", 1.0)] {
            let study = Study::find(study).unwrap();
            let named = as_target(text, study).unwrap();
            let x = target(&named, Axis::Compute, study, "clip", &[]).unwrap();
            assert!((x * unit / flops - 1.0).abs() < 1e-4, "{named}");
        }
        assert_eq!(as_target("64 H100", Study::find("openclip").unwrap()), None);
    }

    #[test]
    fn no_name_hides_another() {
        for (i, (name, _)) in GPUS.iter().enumerate() {
            let before = GPUS[..i].iter();
            assert!(
                before.clone().all(|(other, _)| !name.contains(other)),
                "{name}"
            );
        }
    }
}
