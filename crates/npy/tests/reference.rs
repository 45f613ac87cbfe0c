//! Files of NumPy's, and damaged copies of them.
#![cfg(not(target_arch = "wasm32"))]
// Helpers of tests fail as tests do.
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[path = "../../clip/tests/damage/mutation.rs"]
mod mutation;

use mutation::{Seed, survives};
use proptest::prelude::*;
use refit_npy::{
    Dtype, Header, NpyError, Uid, read_matrix, read_uids, write_f16, write_f32, write_uids,
};
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    folder.join(name)
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect(name)
}

fn told() -> serde_json::Value {
    serde_json::from_slice(&file("npy.json")).unwrap()
}

fn values() -> Vec<f32> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(told()["values"].take()).unwrap();
    rows.concat().into_iter().map(|x| x as f32).collect()
}

fn uids() -> Vec<Uid> {
    let uids: Vec<String> = serde_json::from_value(told()["uids"].take()).unwrap();
    uids.iter().map(|uid| uid.parse().unwrap()).collect()
}

#[test]
fn matrices_of_numpy_are_read() {
    let expected = values();
    assert_eq!(expected.len(), 12);
    for name in ["f16", "f32", "f64", "f16_by_column"] {
        let matrix = read_matrix(&file(&format!("{name}.npy"))).unwrap();
        assert_eq!((matrix.rows, matrix.columns), (3, 4), "{name}");
        assert_eq!(matrix.values, expected, "{name}");
    }
    let vector = read_matrix(&file("vector.npy")).unwrap();
    assert_eq!((vector.rows, vector.columns), (1, 4));
    let header = Header::read(&file("f16_by_column.npy")).unwrap();
    assert!(header.by_column);
    let empty = Header::read(&file("empty.npy")).unwrap();
    assert_eq!(empty.matrix(), Ok((0, 4)));
    assert_eq!(empty.file_length(), file("empty.npy").len() as u64);
}

#[test]
fn what_is_no_matrix_of_floats_is_refused_by_name() {
    let refused = |name: &str| read_matrix(&file(name)).unwrap_err().to_string();
    for name in ["objects.npy", "records_of_objects.npy"] {
        assert!(refused(name).contains("pickled Python objects"), "{name}");
    }
    assert!(refused("integers.npy").contains("<i8"));
    assert!(refused("big_endian.npy").contains(">f4"));
    assert!(refused("cube.npy").contains("3 × 2 × 2"));
    assert!(refused("uids.npy").contains("not float16, 32 or 64"));
    assert_eq!(read_matrix(&file("empty.npy")), Err(NpyError::Empty));
    let whole = file("f16.npy");
    assert_eq!(read_matrix(b"PK\x03\x04"), Err(NpyError::NotNpy));
    for end in 0..whole.len() {
        let error = read_matrix(&whole[..end]).unwrap_err();
        let expected = match end {
            0..128 => NpyError::ShortHeader,
            _ => NpyError::Short,
        };
        assert_eq!(error, expected, "{end}");
    }
}

/// DataComp's subset files, sorted by both halves.
#[test]
fn uids_of_numpy_are_read() {
    let mut expected = uids();
    assert_eq!(expected.len(), 6);
    expected.sort_unstable();
    assert_eq!(read_uids(&file("uids.npy")), Ok(expected.clone()));
    assert_eq!(read_uids(&file("uids_named.npy")), Ok(expected.clone()));
    let text = "80000000000000000000000000000005";
    assert_eq!(expected[5].to_string(), text);
    for name in [
        "f16.npy",
        "integers.npy",
        "integers_of_one.npy",
        "uids_matrix.npy",
    ] {
        let error = read_uids(&file(name)).unwrap_err();
        assert!(matches!(error, NpyError::Dtype { .. }), "{name}: {error}");
    }
    for wrong in ["", "+1", "0x1", "g", "123456789012345678901234567890123"] {
        assert!(wrong.parse::<Uid>().is_err(), "{wrong}");
    }
}

/// `npy.py` reads these files with NumPy.
#[test]
fn what_is_written_is_what_numpy_read() {
    for (name, bytes) in [
        ("ours_f16.npy", write_f16(4, &values())),
        ("ours_f32.npy", write_f32(4, &values())),
        ("ours_uids.npy", write_uids(&uids())),
    ] {
        if std::env::var_os("REFIT_WRITE").is_some() {
            std::fs::write(path(name), &bytes).unwrap();
        }
        assert!(bytes == file(name), "{name} is another");
        let header = Header::read(&bytes).unwrap();
        assert_eq!(header.offset % 64, 0);
        assert_eq!(header.file_length(), bytes.len() as u64);
    }
    // The numbers of NumPy's own files, byte for byte.
    for (ours, theirs) in [("ours_f16.npy", "f16.npy"), ("ours_uids.npy", "uids.npy")] {
        let numbers = |name: &str| file(name).split_off(128);
        assert_eq!(numbers(ours), numbers(theirs));
    }
    assert_eq!(Header::read(&write_f16(0, &[])).unwrap().dtype, Dtype::F16);
}

#[test]
fn files_survive_damage() {
    let names = [
        "f16.npy",
        "f32.npy",
        "f64.npy",
        "f16_by_column.npy",
        "uids.npy",
    ];
    let seeds = names.map(|name| Seed::whole(file(name)));
    survives(&seeds, |file| {
        let _ = read_matrix(file);
        let _ = read_uids(file);
    });
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        columns in 1usize..9,
        values in prop::collection::vec(-65504f32..65504.0, 1..200),
        uids in prop::collection::vec(any::<u128>(), 0..40),
    ) {
        let values = &values[..values.len() / columns * columns];
        prop_assume!(!values.is_empty());
        let floats = read_matrix(&write_f32(columns, values)).unwrap();
        prop_assert_eq!(&floats.values, values);
        prop_assert_eq!((floats.rows, floats.columns), (values.len() / columns, columns));
        let halves = read_matrix(&write_f16(columns, values)).unwrap();
        for (half, value) in halves.values.iter().zip(values) {
            // To within half a unit of the last of eleven digits.
            prop_assert!((half - value).abs() <= value.abs() / 2048.0 + 3e-8);
        }
        let mut uids: Vec<Uid> = uids.into_iter().map(Uid).collect();
        let read = read_uids(&write_uids(&uids)).unwrap();
        uids.sort_unstable();
        prop_assert_eq!(&read, &uids);
        for uid in read {
            prop_assert_eq!(uid.to_string().parse(), Ok(uid));
        }
    }
}
