//! What the bundled data files are, to the bit.

/// As `sha256sum` prints them (`build.rs`).
const SUMS: &str = include_str!(concat!(env!("OUT_DIR"), "/sha256sums.txt"));

/// SHA-256 of a data file in hexadecimal, by its path from the repository: `data/…`.
pub fn sha256(path: &str) -> Option<&'static str> {
    let name = path.strip_prefix("data/")?;
    files().find_map(|(file, sum)| (file == name).then_some(sum))
}

/// Every data file, relative to `data/`, with its SHA-256.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sums = SUMS.lines().filter_map(|line| line.split_once(' '));
    sums.map(|(sum, file)| (file.trim_start(), sum))
}

/// A digest as a browser checks it when it fetches the file: `sha256-` and base64.
pub fn integrity(sha256: &str) -> Option<String> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let hex = sha256;
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

    #[test]
    fn every_file_is_what_its_sum_says() {
        for (file, sum) in files() {
            let digest = Sha256::digest(std::fs::read(format!("data/{file}")).unwrap());
            let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(sum, hex, "{file}");
        }
        for table in Table::bundled() {
            assert_eq!(sha256(&table.path()), Some(table.file.sha256.as_str()));
        }
    }

    #[test]
    fn browsers_take_base64() {
        // printf '' | openssl dgst -sha256 -binary | base64
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(
            integrity(empty).as_deref(),
            Some("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
        );
        assert_eq!(integrity("no hexadecimal"), None);
    }
}
