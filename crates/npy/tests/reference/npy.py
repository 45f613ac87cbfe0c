"""Writes the files that crates/npy/tests/reference.rs reads, with NumPy 2.4.6: python npy.py

`ours_*.npy` are written by the Rust test (`REFIT_WRITE=1 cargo test -p refit-npy`) and read here, as DataComp's
resharder reads a subset file."""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def save(name, array, version=None):
    with open(HERE / name, "wb") as file:
        np.lib.format.write_array(file, array, version=version)


# Numbers that float16 has, subnormal ones and the largest among them.
values = np.array([[1, 0.5, -0.25, 0], [65504, 6e-8, -6.1e-5, 0.333], [2, 3, 5, 7]], dtype="<f2").astype("<f8")
save("f16.npy", values.astype("<f2"))
save("f32.npy", values.astype("<f4"), (2, 0))
save("f64.npy", values, (3, 0))
save("f16_by_column.npy", np.asfortranarray(values.astype("<f2")))
save("vector.npy", values[2].astype("<f4"))
save("cube.npy", values.reshape(3, 2, 2))
save("empty.npy", np.zeros((0, 4), "<f2"))
save("integers.npy", np.arange(6).reshape(2, 3))
save("big_endian.npy", values.astype(">f4"))
save("objects.npy", np.array([["a", None]], dtype=object))
save("records_of_objects.npy", np.array([(1, "a")], dtype=[("f0", "u8"), ("f1", "O")]))

# As DataComp's baselines make it: the two halves of each uid (baselines/apply_filter.py), then sorted and saved.
uids = ["%032x" % n for n in (2**127 + 5, 1, 2**64, 2**64 - 1, 0xFFFF << 100, 1)]
subset = np.array([(int(uid[:16], 16), int(uid[16:32], 16)) for uid in uids], np.dtype("u8,u8"))
subset.sort()
save("uids.npy", subset)
save("uids_named.npy", subset.astype([("high", "<u8"), ("low", "<u8")]))
save("uids_matrix.npy", subset.reshape(2, 3))
save("integers_of_one.npy", np.array([(1,)], dtype=[("f0", "<u8")]))

with open(HERE / "npy.json", "w") as file:
    json.dump({"values": values.tolist(), "uids": uids}, file, indent=1)
    file.write("\n")

if (HERE / "ours_f16.npy").exists():
    assert (np.load(HERE / "ours_f16.npy") == values.astype("<f2")).all()
    assert (np.load(HERE / "ours_f32.npy") == values.astype("<f4")).all()
    ours = np.load(HERE / "ours_uids.npy", mmap_mode="r")
    assert ours.dtype == np.dtype("u8,u8") and (ours == subset).all()
    for uid in uids:
        key = np.array([divmod(int(uid, 16), 2**64)], np.dtype("u8,u8"))[0]
        found = np.searchsorted(ours, key, "right") - np.searchsorted(ours, key, "left")
        assert found == uids.count(uid)
    print("NumPy reads what refit-npy writes")
