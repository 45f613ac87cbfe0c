//! A small stable sort that is compiled once: the standard library's is compiled anew for every type and every
//! comparison, four kilobytes of wasm each. For programs that a browser downloads.

use std::cmp::Ordering;

/// Sorts as [`slice::sort_by`] does: equal items keep their order. It clones every item once.
pub fn sort_by<T: Clone>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let indices = sorted_indices(items.len(), &|i, j| compare(&items[i], &items[j]));
    *items = indices.into_iter().map(|i| items[i].clone()).collect();
}

/// By merging runs of one, two, four and so on: a tenth of the standard library's code.
fn sorted_indices(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..count).collect();
    let mut run = 1;
    while run < count {
        let mut merged = Vec::with_capacity(count);
        for pair in sorted.chunks(2 * run) {
            let (mut a, mut b) = pair.split_at(run.min(pair.len()));
            while let ([i, rest_of_a @ ..], [j, rest_of_b @ ..]) = (a, b) {
                if compare(*i, *j).is_le() {
                    merged.push(*i);
                    a = rest_of_a;
                } else {
                    merged.push(*j);
                    b = rest_of_b;
                }
            }
            merged.extend(a);
            merged.extend(b);
        }
        sorted = merged;
        run *= 2;
    }
    sorted
}

#[cfg(test)]
mod tests {
    proptest::proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(items: Vec<(u8, u8)>) {
            let (mut ours, mut theirs) = (items.clone(), items);
            super::sort_by(&mut ours, |a, b| a.0.cmp(&b.0));
            theirs.sort_by_key(|item| item.0);
            proptest::prop_assert_eq!(ours, theirs);
        }
    }
}
