//! Numbers as readers read them, on the page and in a terminal.

/// Four significant digits, powers of ten where those do not reach the point: 5.858, 0.02145,
/// 3.955 × 10⁷.
pub fn number(x: f64) -> String {
    significant(x, 4)
}

/// 12345 as "12,345".
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// As [`number`], with another number of significant digits (at least one).
pub fn significant(x: f64, digits: usize) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if !x.is_finite() {
        let text = if x.is_nan() {
            "–"
        } else if x < 0.0 {
            "−∞"
        } else {
            "∞"
        };
        return text.to_owned();
    }
    // The exponent of the rounded number: 9.9996e7 is 1.000 × 10⁸.
    let after = digits.saturating_sub(1);
    let rounded = format!("{x:.after$e}");
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let text = if (-4..4).contains(&exponent) {
        let decimals = usize::try_from(after as i32 - exponent).unwrap_or(0);
        format!("{x:.decimals$}")
    } else {
        let power = format!("10{}", superscript(exponent));
        match x / 10f64.powi(exponent) {
            1.0 => power,
            _ => format!("{mantissa} × {power}"),
        }
    };
    text.replace('-', "−")
}

/// A sentence whose powers of ten stay on one line, for a page: 6.66 × 10¹⁰.
pub fn unbroken(sentence: &str) -> String {
    sentence.replace(" × 10", "\u{a0}×\u{a0}10")
}

/// The fields of CSV, trimmed, without empty ones.
pub fn listed(text: &str) -> Vec<String> {
    // A quote opens a field also after a space.
    let text = text.replace(", \"", ",\"");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut fields = Vec::new();
    // What is text can be read.
    for record in reader.records().flatten() {
        let filled = record.iter().filter(|field| !field.is_empty());
        fields.extend(filled.map(str::to_owned));
    }
    fields
}

/// `-9` as `⁻⁹`.
#[must_use]
pub fn superscript(n: i32) -> String {
    let digit = |c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => '⁰',
    };
    n.to_string().chars().map(digit).collect()
}

/// A fraction in percent, two decimals.
pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction).replace('-', "−")
}

/// A size in bytes: "500 bytes", "4.8 MB", "605 MB".
pub fn bytes(bytes: f64) -> String {
    match bytes {
        b if b < 1e3 => format!("{b} bytes"),
        b if b < 1e6 => format!("{:.1} KB", b / 1e3),
        b if b < 1e7 => format!("{:.1} MB", b / 1e6),
        b if b < 1e9 => format!("{:.0} MB", b / 1e6),
        b => format!("{:.2} GB", b / 1e9),
    }
}

/// A cell of a CSV file: quoted where it has to be, and never a formula for a spreadsheet.
pub fn cell(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if guarded.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// Escapes text for HTML, in elements and attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Milliseconds as one would say them: "6.4 ms", "491 ms", "2.3 s".
pub fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1000.0),
    }
}

/// Seconds as readers wait for them: "42 s", "3 min", "2 h 10 min".
#[must_use]
pub fn duration(seconds: f64) -> String {
    match seconds.max(0.0) as u64 {
        seconds @ 0..100 => format!("{seconds} s"),
        seconds @ 100..6000 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_listed_as_csv() {
        let fields = listed(r#"cat, dog ,"red, square",,"say ""hi""""#);
        assert_eq!(fields, ["cat", "dog", "red, square", r#"say "hi""#]);
    }

    #[test]
    fn waiting_is_told_in_round_numbers() {
        let told = [0.4, 99.9, 163.3, 7800.0].map(duration);
        assert_eq!(told, ["0 s", "99 s", "3 min", "2 h 10 min"]);
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(12_345), "12,345");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn numbers_have_four_digits_after_rounding() {
        for (x, text) in [
            (0.0, "0"),
            (5.858_123, "5.858"),
            (0.021_454, "0.02145"),
            (-0.208_435, "−0.2084"),
            (9.9996, "10.00"),
            (1234.5, "1234"),
            (912_050.0, "9.120 × 10⁵"),
            (1.8911e6, "1.891 × 10⁶"),
            (999_999.7, "1.000 × 10⁶"),
            (1e6, "10⁶"),
            (3.955_41e7, "3.955 × 10⁷"),
            (9.9996e7, "1.000 × 10⁸"),
            (-9.9996e7, "−1.000 × 10⁸"),
            (1e-5, "10⁻⁵"),
            (9.9996e-5, "0.0001000"),
            (f64::INFINITY, "∞"),
            (f64::NEG_INFINITY, "−∞"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(x), text, "{x}");
        }
        assert_eq!(significant(0.226_604, 2), "0.23");
        assert_eq!(significant(9.996, 3), "10.0");
        assert_eq!(significant(6.7251e10, 3), "6.73 × 10¹⁰");
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (size, text) in [
            (0.0, "0 bytes"),
            (500.0, "500 bytes"),
            (12_345.0, "12.3 KB"),
            (4_816_506.0, "4.8 MB"),
            (605.2e6, "605 MB"),
            (10.75e9, "10.75 GB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }
}
