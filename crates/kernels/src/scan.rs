//! The dot products of one vector with many, as they lie in a file.

use crate::simd::{Lanes, MAX_LANES, vectorised};

/// How numbers are stored.
trait Stored {
    /// Bytes of a number.
    const SIZE: usize;
    fn load<V: Lanes>(token: V::Token, from: &[u8]) -> V;
}

struct Halves;
struct Floats;

impl Stored for Halves {
    const SIZE: usize = 2;
    #[inline(always)]
    fn load<V: Lanes>(token: V::Token, from: &[u8]) -> V {
        V::halves(token, from)
    }
}

impl Stored for Floats {
    const SIZE: usize = 4;
    #[inline(always)]
    fn load<V: Lanes>(token: V::Token, from: &[u8]) -> V {
        V::floats(token, from)
    }
}

vectorised! {
    /// The dot product of `query` with each row of `rows`, which are float16, lowest byte first, `[out.len(),
    /// query.len()]`; summed in float32. The bytes need no alignment.
    ///
    /// # Panics
    ///
    /// Where `rows` is too short.
    pub fn dot_f16(rows: &[u8], query: &[f32], out: &mut [f32]) = dot_halves
}

vectorised! {
    /// As [`dot_f16`] with rows of float32.
    ///
    /// # Panics
    ///
    /// Where `rows` is too short.
    pub fn dot_f32(rows: &[u8], query: &[f32], out: &mut [f32]) = dot_floats
}

#[inline(always)]
fn dot_halves<V: Lanes>(token: V::Token, rows: &[u8], query: &[f32], out: &mut [f32]) {
    dot_rows::<V, Halves>(token, rows, query, out);
}

#[inline(always)]
fn dot_floats<V: Lanes>(token: V::Token, rows: &[u8], query: &[f32], out: &mut [f32]) {
    dot_rows::<V, Floats>(token, rows, query, out);
}

/// Bytes by which memory is asked ahead: the processor by itself stops at the end of a page.
const AHEAD: usize = 2048;

/// Sums that are under way at once: a sum waits for the one before it.
const SUMS: usize = 4;

#[inline(always)]
fn dot_rows<V: Lanes, S: Stored>(token: V::Token, rows: &[u8], query: &[f32], out: &mut [f32]) {
    let bytes = query.len() * S::SIZE;
    let rows = &rows[..bytes * out.len()];
    let step = SUMS * V::COUNT;
    for (i, out) in out.iter_mut().enumerate() {
        let row = &rows[i * bytes..][..bytes];
        let mut sums = [V::splat(token, 0.0); SUMS];
        let blocks = query.chunks_exact(step);
        let rest = blocks.remainder();
        for (query, row) in blocks.zip(row.chunks_exact(step * S::SIZE)) {
            V::prefetch(token, row.as_ptr().wrapping_add(AHEAD));
            for (k, sum) in sums.iter_mut().enumerate() {
                let stored = S::load::<V>(token, &row[k * V::COUNT * S::SIZE..]);
                *sum = stored.times_plus(V::load(token, &query[k * V::COUNT..]), *sum);
            }
        }
        let row = &row[(query.len() - rest.len()) * S::SIZE..];
        let rest = rest.chunks(V::COUNT);
        for (query, row) in rest.zip(row.chunks(V::COUNT * S::SIZE)) {
            let mut filled = [0; MAX_LANES * 4];
            filled[..row.len()].copy_from_slice(row);
            let stored = S::load::<V>(token, &filled);
            sums[0] = stored.times_plus(V::load_some(token, query, 0.0), sums[0]);
        }
        *out = sums[0].plus(sums[1]).plus(sums[2].plus(sums[3])).sum();
    }
}
