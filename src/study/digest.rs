//! What the data files are, to the bit: `data/SHA256SUMS`, written by `sha256sum`.

const SUMS: &str = include_str!("../../data/SHA256SUMS");

/// SHA-256 of a data file in hexadecimal; `path` as in [`Table::path`](super::Table::path).
pub fn sha256(path: &str) -> Option<&'static str> {
    let name = path.strip_prefix("data/")?;
    files().find_map(|(file, sum)| (file == name).then_some(sum))
}

/// Every data file, relative to `data/`, with its SHA-256.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sums = SUMS.lines().filter_map(|line| line.split_once(' '));
    sums.map(|(sum, file)| (file.trim_start(), sum))
}

/// The digest as a browser checks it when it fetches the file: `sha256-` and base64.
pub fn integrity(path: &str) -> Option<String> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let hex = sha256(path)?;
    let bytes = (0..hex.len() / 2).map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok());
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    let mut text = "sha256-".to_owned();
    for three in bytes.chunks(3) {
        let bits = three
            .iter()
            .fold(0_u32, |bits, b| bits << 8 | u32::from(*b));
        let bits = bits << (8 * (3 - three.len()));
        for i in 0..4 {
            text.push(if i <= three.len() {
                char::from(DIGITS[(bits >> (18 - 6 * i)) as usize & 63])
            } else {
                '='
            });
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Table;
    use sha2::{Digest, Sha256};
    use std::fs;

    #[test]
    fn every_file_is_what_its_sum_says() {
        let mut files = 0;
        for folder in ["data", "data/comparison", "data/openclip", "data/printed"] {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path().to_str().unwrap().to_owned();
                if !path.ends_with(".csv") {
                    continue;
                }
                let digest = Sha256::digest(fs::read(&path).unwrap());
                let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
                assert_eq!(sha256(&path), Some(hex.as_str()), "{path}");
                files += 1;
            }
        }
        assert_eq!(files, SUMS.lines().count());
        for table in Table::ALL {
            assert_eq!(sha256(&table.path()).map(str::len), Some(64));
        }
    }

    #[test]
    fn browsers_take_base64() {
        // `openssl dgst -sha256 -binary data/printed/optimal_samples.csv | base64`
        assert_eq!(
            integrity("data/printed/optimal_samples.csv").as_deref(),
            Some("sha256-/rNYm2VOo+WNeB3ZZwaURf8FObYXbI3f11q3Vbq4n3o=")
        );
        assert_eq!(integrity("data/nothing.csv"), None);
    }
}
