//! A stable sort that is compiled once: the standard library's is compiled anew for every type and
//! every comparison, four kilobytes of wasm each. For programs that a browser downloads.

use std::cmp::Ordering;

/// Sorts as [`slice::sort_by`] does: equal items keep their order. It clones every item once.
pub fn sort_by<T: Clone>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let indices = sorted_indices(items.len(), &|i, j| compare(&items[i], &items[j]));
    *items = indices.into_iter().map(|i| items[i].clone()).collect();
}

fn sorted_indices(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..count).collect();
    indices.sort_by(|&i, &j| compare(i, j));
    indices
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
