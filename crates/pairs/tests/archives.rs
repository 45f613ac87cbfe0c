//! Archives that webdataset and Python's tarfile wrote.

use crate::{file, told};
use proptest::prelude::*;
use refit_pairs::{Found, NotTar, Pair, Problem, TarReader, Trouble, part_of};
use std::io::Write;

/// All that an archive has, read in pieces of these lengths, again and again.
pub(crate) fn read(archive: &[u8], lengths: &[usize]) -> Result<(Vec<Found>, TarReader), NotTar> {
    let mut reader = TarReader::new();
    let mut found = Vec::new();
    let mut rest = archive;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(rest.len().min(*length));
        reader.push(piece)?;
        found.extend(reader.found());
        rest = after;
    }
    reader.finish()?;
    found.extend(reader.found());
    Ok((found, reader))
}

fn pairs(found: Vec<Found>) -> (Vec<Pair>, Vec<Problem>) {
    let (mut pairs, mut problems) = (Vec::new(), Vec::new());
    for found in found {
        match found {
            Found::Pair(pair) => pairs.push(*pair),
            Found::Problem(problem) => problems.push(problem),
        }
    }
    (pairs, problems)
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(bytes);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn pairs_are_those_of_webdataset() {
    let told = told("archives.json");
    for (name, expected) in told.as_object().unwrap() {
        let (found, reader) = read(&file(name), &[4096]).unwrap();
        let (pairs, problems) = pairs(found);
        assert_eq!(problems, [], "{name}");
        let expected = expected.as_array().unwrap();
        assert_eq!(pairs.len(), expected.len(), "{name}");
        for (pair, expected) in pairs.iter().zip(expected) {
            assert_eq!(pair.key, expected["key"].as_str().unwrap());
            assert_eq!(pair.text, expected["text"].as_str().unwrap());
            assert_eq!(pair.metadata, *expected["json"].as_object().unwrap());
            assert_eq!(pair.picture.bytes.len() as u64, expected["bytes"]);
            assert_eq!(sha256(&pair.picture.bytes), expected["picture"]);
            assert!(!pair.text_of_json);
        }
        let ignored = &reader.ignored().endings;
        let of_no_pair = usize::from(name == "webdataset.tar");
        assert_eq!(ignored.get("cls").map_or(0, |n| *n as usize), of_no_pair);
        assert_eq!(
            ignored.get("mask.png").map_or(0, |n| *n as usize),
            of_no_pair
        );
    }
}

#[test]
fn each_problem_is_a_sentence_and_the_rest_goes_on() {
    let (found, reader) = read(&file("problems.tar"), &[100_000]).unwrap();
    let (pairs, problems) = pairs(found);
    let said: Vec<String> = problems.iter().map(Problem::to_string).collect();
    let expected = [
        "0.jpg: there is no text of this key beside it",
        "2.txt: there is no picture of this key beside it",
        "3.txt: its text is not UTF-8",
        "4.json: the JSON cannot be read, and the pair goes without: EOF while parsing a value at line 1 column 13",
        "6.png: 6.jpg of the same key is used in its place",
        "7.txt: its text is empty",
        "8.json: the JSON cannot be read, and the pair goes without: it is no object",
    ];
    assert_eq!(said, expected);
    assert_eq!(problems.iter().filter(|p| p.leaves_out()).count(), 4);
    let kept: Vec<(&str, &str)> = pairs.iter().map(|p| (&*p.key, &*p.text)).collect();
    let expected = [
        ("1", "a text"),
        ("4", "a text"),
        ("5", "of the JSON"),
        ("6", "a text"),
        ("8", "a text"),
        ("8", "another text"),
    ];
    assert_eq!(kept, expected);
    assert!(pairs[2].text_of_json && pairs[1].metadata.is_empty());
    assert_eq!(
        reader.ignored().sentence().unwrap(),
        "4 members are neither pictures, .txt nor .json: 3 without an ending, 1 .npy"
    );
}

#[test]
fn an_archive_that_ends_early_is_told_by_its_last_member() {
    let whole = file("problems.tar");
    let end = whole.len() - whole.iter().rev().take_while(|byte| **byte == 0).count();
    for cut in (512..end).step_by(100) {
        let (found, _) = read(&whole[..cut], &[512]).unwrap();
        let (_, problems) = pairs(found);
        // Within a member's bytes, or behind them.
        let is_end = |p: &&Problem| matches!(p.trouble, Trouble::CutOff | Trouble::NoEnd);
        assert_eq!(
            problems.iter().filter(is_end).count(),
            1,
            "{cut}: {problems:?}"
        );
    }
    let (found, _) = read(&whole[..600], &[512]).unwrap();
    assert_eq!(
        pairs(found).1[0].to_string(),
        "0.jpg: the archive ends within it"
    );
    let gzipped = file("webdataset.tar.gz");
    let (found, _) = read(&gzipped[..gzipped.len() / 2], &[100]).unwrap();
    let (_, problems) = pairs(found);
    let lost = |p: &Problem| matches!(p.trouble, Trouble::Gzip { .. });
    assert!(problems.iter().any(lost), "{problems:?}");
    for (bytes, what) in [
        (&b""[..], "nothing"),
        (&[0x1f], "half a magic number"),
        (&b"PAR1 and what follows"[..], "a short file"),
        (&[b'x'; 4096], "another file"),
    ] {
        assert_eq!(read(bytes, &[100]).err(), Some(NotTar), "{what}");
    }
}

#[test]
fn a_damaged_header_costs_its_member_alone() {
    let mut archive = file("webdataset.tar");
    // The header of the second pair's picture: each pair has three members of two blocks and more.
    let at = (0..archive.len())
        .step_by(512)
        .find(|at| archive[*at..].starts_with(b"000000001.jpg"));
    archive[at.unwrap() + 124] = b'9';
    let (found, _) = read(&archive, &[1000]).unwrap();
    let (pairs, problems) = pairs(found);
    let said: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains(&format!("the header at byte {} is damaged", at.unwrap())));
    assert!(said[1].starts_with("000000001.") && said[1].contains("no picture"));
    assert_eq!(pairs.len(), 7);
}

/// A header with a right sum.
fn header(name: &str, size: u64, kind: tar::EntryType) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).unwrap();
    header.set_size(size);
    header.set_entry_type(kind);
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[test]
fn what_is_no_file_or_beyond_reason_is_told() {
    let mut archive = header("1.jpg", 0, tar::EntryType::Symlink);
    archive.extend(header("1.txt", 2, tar::EntryType::Regular));
    archive.extend([&b"ab"[..], &[0; 510]].concat());
    archive.extend(header("dir/", 0, tar::EntryType::Directory));
    archive.extend(header("2.jpg", 1 << 32, tar::EntryType::Regular));
    archive.extend([7; 5000]);
    let (found, _) = read(&archive, &[700]).unwrap();
    let (pairs, problems) = pairs(found);
    assert_eq!(pairs, []);
    let said: Vec<String> = problems.iter().map(Problem::to_string).collect();
    let expected = [
        "1.jpg: it is a link, which is not read",
        "1.txt: there is no picture of this key beside it",
        "2.jpg: it has 4096 MiB, which no picture of a pair has",
        "2.jpg: the archive ends within it",
    ];
    assert_eq!(said, expected);
}

#[test]
fn keys_are_those_of_webdataset() {
    use refit_pairs::Part::{Json, Picture, Text};
    for (name, expected) in [
        ("000.jpg", Some(("000", Picture))),
        ("a.b/c/000.JPEG", Some(("a.b/c/000", Picture))),
        ("./x.txt", Some(("./x", Text))),
        ("x.json", Some(("x", Json))),
        ("x.seg.png", None),
        (".hidden.jpg", None),
        ("dir/.jpg", None),
        ("none", None),
        ("", None),
    ] {
        assert_eq!(part_of(name), expected, "{name}");
    }
}

proptest! {
    /// However the bytes come, the same is found; joined archives are read as one after the other, gzipped or not.
    #[test]
    fn pieces_do_not_matter(
        lengths in prop::collection::vec(1usize..3000, 1..6),
        gzipped in any::<bool>(),
        which in prop::sample::select(vec!["webdataset.tar", "problems.tar", "gnu.tar", "pax.tar"]),
    ) {
        let mut archive = file(which);
        let (expected, _) = read(&archive, &[1 << 20]).unwrap();
        if gzipped {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&archive).unwrap();
            archive = encoder.finish().unwrap();
        }
        let (found, _) = read(&archive, &lengths).unwrap();
        prop_assert_eq!(found, expected);
    }
}
